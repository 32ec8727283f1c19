// One step of a job as the agent sees it: takes the task's lines, executes the commands in them, and keeps the log, the
// issues, the variables and the result.

import { existsSync } from 'node:fs';
import { escapeText, parseCommand, unescapeText } from './commands.js';
import { isReadOnlyByName } from './read-only.js';
import { environmentName } from './environment.js';
import { parseResult, worseOf } from './results.js';
import { isCommandAllowed, isSettable } from './restrictions.js';
import { Variables } from './variables.js';

/** @typedef {import('./commands.js').Command} Command */
/** @typedef {import('./definition.js').Restrictions} Restrictions */
/** @typedef {import('./masker.js').SecretMasker} SecretMasker */
/** @typedef {import('./results.js').Result} Result */

/**
 * @typedef {object} Job what a step finds when it starts
 * @property {string} stepName under which output variables are known to the job
 * @property {Variables} variables
 * @property {Variables} taskVariables
 * @property {SecretMasker} masker
 * @property {Restrictions | undefined} restrictions
 * @property {string[]} outputVariables
 * @property {string} newline what ends a line on the agent's platform
 * @property {(maskedLine: string) => void} [onLine]
 *
 * @typedef {object} Issue
 * @property {'error' | 'warning'} type
 * @property {string} message masked
 * @property {string} rawMessage
 *
 * @typedef {object} Completion
 * @property {string} result as written, known to the agent or not
 * @property {string} message as the task wrote it: this is what the agent sends to the server
 */

export class Step {
  /** @type {Command[]} */
  commands = [];
  /** @type {Command[]} */
  droppedCommands = [];
  /** @type {string[]} */
  log = [];
  /** @type {Issue[]} */
  issues = [];
  /** @type {Completion[]} */
  completions = [];
  /** What the task gave to `task.setsecret`, in order. @type {string[]} */
  masks = [];
  /** Secret variables whose value the task had not masked before. @type {{ variable: string, value: string }[]} */
  maskedBeforeUse = [];
  /** Set by this step. */
  variables = new Variables();
  /** Set by this step, without the step's name. */
  outputs = new Variables();
  /** What this step adds to the job, names as a later step uses them. */
  added = new Variables();

  #job;
  #writesDebug;
  /** @type {Result | undefined} */
  #completed;
  #commandFailed = false;
  /** @type {Set<string>} */
  #details = new Set();

  /** @param {Job} job */
  constructor(job) {
    this.#job = job;
    // Read once, as a task can't turn the debug mode on or off.
    this.#writesDebug = job.variables.isTrue('System.Debug');
  }

  /**
   * Takes a line of output, whichever stream it came from.
   *
   * @param {string} line
   */
  receive(line) {
    const command = parseCommand(line, { decodePercents: this.#decodesPercents() });
    if (command) {
      this.commands.push(command);
      this.#process(command);
      return;
    }
    if (line.includes('##vso')) {
      this.warn(`'${line}' contains logging command keyword '##vso', but it's not a legal command.`);
    }
    this.#write('', line);
  }

  /**
   * @param {number} exitCode
   * @param {string} commandLine
   * @returns {Result}
   */
  finish(exitCode, commandLine) {
    let result = this.#completed;
    if (exitCode !== 0) {
      this.fail(`Exit code ${exitCode} returned from process: ${commandLine}.`);
      // Not merged: a failed process turns even `Skipped` into `Failed`.
      result = 'Failed';
    }
    return this.#commandFailed ? worseOf(result, 'Failed') : (result ?? 'Succeeded');
  }

  /** What the summary of the run shows: the first ten errors and the first ten warnings. */
  get keptIssues() {
    const first = (/** @type {Issue['type']} */ wanted) =>
      this.issues.filter(({ type }) => type === wanted).slice(0, MAX_ISSUES);
    return [...first('error'), ...first('warning')];
  }

  /** The log as it is shown while the step runs. */
  get liveLog() {
    return this.log.map((line) => line.slice(0, MAX_LIVE_LENGTH));
  }

  /**
   * What a later step of a container job adds to the log with System.Debug: variables as the agent passes them on, with
   * the escapes of logging commands undone.
   */
  get containerDebugLog() {
    return [...this.#job.variables].map(({ name, value, isSecret }) =>
      this.#job.masker.mask(
        `##[debug]${isSecret ? 'SECRET_' : ''}${environmentName(name)}=${unescapeText(value)}`,
      ),
    );
  }

  /** Variables with which no later Node task starts. */
  get breakingVariables() {
    const isBreaking = (/** @type {string} */ name, /** @type {string} */ value) =>
      value.includes('\0') || Buffer.byteLength(`SECRET_${name}=${value}`) >= MAX_ENVIRONMENT_STRING;
    return [...this.added].filter(({ name, value }) => isBreaking(name, value)).map(({ name }) => name);
  }

  /** @param {string} message */
  fail(message) {
    this.#addIssue('error', message);
  }

  /** @param {string} message */
  warn(message) {
    this.#addIssue('warning', message);
  }

  /** @param {string} message */
  debug(message) {
    if (this.#writesDebug) this.#write('##[debug]', message);
  }

  #decodesPercents() {
    return (
      !this.#job.variables.get('DECODE_PERCENTS')?.value || this.#job.variables.isTrue('DECODE_PERCENTS')
    );
  }

  /** @param {Command} command */
  #process(command) {
    const area = command.area.toLowerCase();
    if (!AREAS.has(area)) {
      this.warn(`Cannot find command extension for ##vso[${command.area}.command].`);
      return;
    }
    try {
      this.#carryOut(command);
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      // The agent quotes the line as received, so only secrets without escaped characters are masked in it.
      this.fail(`Unable to process command '${command.raw}' successfully.`);
      this.fail(error.message);
      this.#commandFailed = true;
    }
    if (area !== 'task' || command.event.toLowerCase() !== 'debug') {
      this.debug(`Processed: ${unescapeText(command.raw, this.#decodesPercents())}`);
    }
  }

  /** @param {Command} command */
  #carryOut(command) {
    const { area, event } = command;
    const carryOut = area.toLowerCase() === 'task' ? this.#taskCommand(event.toLowerCase()) : noEffect;
    if (!carryOut) throw new CommandFailure(`##vso[${area}.${event}] is not a recognized command.`);
    if (isCommandAllowed(this.#job.restrictions, command)) {
      carryOut(command);
      return;
    }
    this.droppedCommands.push(command);
    this.warn(`##vso[${area}.${event}] is not allowed in this step due to policy restrictions.`);
  }

  /** @param {string} event */
  #taskCommand(event) {
    return Object.hasOwn(this.#taskCommands, event) ? this.#taskCommands[event] : undefined;
  }

  /** @type {Record<string, (command: Command) => void>} */
  #taskCommands = {
    addattachment: ({ data }) => refuseMissing(data),
    complete: (command) => this.#complete(command),
    debug: ({ data }) => this.debug(data),
    issue: (command) => this.#logIssue(command),
    logdetail: (command) => this.#logDetail(command),
    logissue: (command) => this.#logIssue(command),
    prependpath: noEffect,
    setendpoint: noEffect,
    setprogress: noEffect,
    setsecret: ({ data }) => this.#setSecret(data),
    settaskvariable: (command) => this.#setTaskVariable(command),
    setvariable: (command) => this.#setVariable(command),
    uploadfile: ({ data }) => refuseMissing(data),
    uploadsummary: ({ data }) => refuseMissing(data),
  };

  /** @param {Command} command */
  #complete({ properties, data }) {
    const written = properties.result ?? '';
    // The text goes to the server as the step's current operation; the agent neither masks nor logs it.
    this.completions.push({ result: written, message: data });
    const result = parseResult(written);
    if (!result) throw new CommandFailure("Command doesn't have valid result value.");
    this.#completed = worseOf(this.#completed, result);
  }

  /** @param {Command} command */
  #logIssue({ properties, data }) {
    const { type, sourcepath, linenumber = '', columnnumber = '', code = '' } = properties;
    if (type === undefined) {
      this.warn("Can't create TaskIssue from logging event.");
      return;
    }
    const kind = type.toLowerCase();
    if (kind !== 'error' && kind !== 'warning') {
      throw new CommandFailure(`issue type ${type} is not an expected issue type.`);
    }
    const place = `${sourcepath}(${linenumber},${columnnumber}): ${type} ${code}: `;
    this.#addIssue(kind, sourcepath === undefined ? data : place + data);
  }

  /** @param {Command} command */
  #logDetail({ properties: { id, name, type } }) {
    if (id === undefined) throw new CommandFailure("Can't update timeline record, record id is missing.");
    const isNew = !this.#details.has(id);
    if (isNew && (name === undefined || type === undefined)) {
      throw new CommandFailure('A new timeline record needs a name and a type.');
    }
    this.#details.add(id);
  }

  /** @param {string} value */
  #setSecret(value) {
    // Without decoding, the data is still half escaped, and the value itself is masked too.
    for (const text of this.#decodesPercents() ? [value] : [value, unescapeText(value)]) {
      this.masks.push(text);
      this.#job.masker.add(text);
    }
  }

  /** @param {Command} command */
  #setVariable(command) {
    const { data: value } = command;
    const { name, isSecret, isReadOnly, preserveCase } = variableTraits(command);
    const isOutput =
      isTrue(command.properties.isoutput) ||
      this.#job.outputVariables.some((output) => output.toLowerCase() === name.toLowerCase());
    if (isSecret) this.#noteUnmasked(name, value);

    this.#checkReadOnly(this.#job.variables, name);
    if (isSecret) {
      this.#refuseMultiline(value);
      // Before the check below: the agent masks the escaped form even of a variable that it does not set.
      this.#job.masker.add(escapeText(value));
    }
    if (!isSettable(this.#job.restrictions, name)) {
      this.droppedCommands.push(command);
      this.warn(`Setting variable '${name}' has been disallowed by policy restrictions.`);
      return;
    }

    // An output has no plain name in the job, so `$(name)` stays what it was.
    const jobName = isOutput ? `${this.#job.stepName}.${name}` : name;
    this.#job.variables.set(jobName, value, { isSecret, isReadOnly: isOutput || isReadOnly, preserveCase });
    const isNowSecret = this.#job.variables.get(jobName)?.isSecret ?? isSecret;
    if (isNowSecret) this.#job.masker.add(value);
    (isOutput ? this.outputs : this.variables).set(name, value, { isSecret: isNowSecret });
    this.added.set(jobName, value, { isSecret: isNowSecret, preserveCase });
  }

  /** @param {Command} command */
  #setTaskVariable(command) {
    const { data: value } = command;
    const { name, ...traits } = variableTraits(command);
    this.#checkReadOnly(this.#job.taskVariables, name);
    if (traits.isSecret) this.#refuseMultiline(value);
    this.#job.taskVariables.set(name, value, traits);
    if (this.#job.taskVariables.get(name)?.isSecret) this.#job.masker.add(value);
  }

  /**
   * @param {string} variable
   * @param {string} value
   */
  #noteUnmasked(variable, value) {
    if (value.trim() === '' || this.masks.includes(value)) return;
    this.maskedBeforeUse.push({ variable, value });
  }

  /**
   * @param {Variables} variables
   * @param {string} name
   */
  #checkReadOnly(variables, name) {
    const isBuiltIn = variables === this.#job.variables && isReadOnlyByName(name);
    if (!variables.get(name)?.isReadOnly && !isBuiltIn) return;
    if (this.#job.variables.isTrue('Agent.ReadOnlyVariables')) {
      throw new CommandFailure(`Overwriting readonly variable '${name}' is not permitted.`);
    }
    this.warn(`Overwriting readonly variable '${name}'. This behavior will be disabled in the future.`);
  }

  /** @param {string} value */
  #refuseMultiline(value) {
    if (!value.includes(this.#job.newline)) return;
    if (this.#job.variables.isTrue('SYSTEM_UNSAFEALLOWMULTILINESECRET')) return;
    throw new CommandFailure('Secrets cannot contain multiple lines');
  }

  /**
   * @param {Issue['type']} type
   * @param {string} rawMessage
   */
  #addIssue(type, rawMessage) {
    const message = this.#job.masker.mask(rawMessage);
    this.issues.push({ type, message, rawMessage });
    if (message !== '') this.#write(`##[${type}]`, message);
  }

  /**
   * @param {string} tag
   * @param {string} message
   */
  #write(tag, message) {
    // The tag is masked with the message, as one can see in a real log with a one-letter secret.
    for (const line of this.#job.masker.mask(tag + message).split(/\r\n|[\r\n]/)) {
      this.log.push(line);
      this.#job.onLine?.(line);
    }
  }
}

/** A command that the agent can't execute. The step fails, but the task goes on unaware. */
class CommandFailure extends Error {}

const MAX_ISSUES = 10;
const MAX_LIVE_LENGTH = 1024;
/** In bytes, on Linux. */
const MAX_ENVIRONMENT_STRING = 131_072;

/** Areas with a command extension. Commands outside `task` are accepted, but change nothing here. */
const AREAS = new Set(['artifact', 'build', 'codecoverage', 'release', 'results', 'task', 'telemetry']);

function noEffect() {}

/** @param {string} path of a file that is to be uploaded */
function refuseMissing(path) {
  if (path === '' || !existsSync(path)) throw new CommandFailure('Attachment file is missing.');
}

/** @param {Command} command */
function variableTraits({ properties, event }) {
  const { variable: name, issecret, isreadonly, preservecase } = properties;
  if (name === undefined) {
    throw new CommandFailure(`Required field 'variable' is missing in ##vso[task.${event}] command.`);
  }
  return {
    name,
    isSecret: isTrue(issecret),
    isReadOnly: isTrue(isreadonly),
    preserveCase: isTrue(preservecase),
  };
}

/** @param {string | undefined} text */
function isTrue(text) {
  return text?.trim().toLowerCase() === 'true';
}
