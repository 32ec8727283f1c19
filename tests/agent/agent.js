// Runs an unpacked task as the Azure Pipelines agent runs it, and reports what the pipeline would see.
//
//   task.json + inputs + variables  ->  environment  ->  node <target>  ->  lines  ->  Step  ->  Run

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { dirname } from 'node:path';

import { readDefinition } from './definition.js';
import { inheritedEnvironment, scriptEnvironment, taskEnvironment } from './environment.js';
import { prepareFolders, watchFiles } from './folders.js';
import { expandMacros, resolveInputs } from './inputs.js';
import { LineReader } from './lines.js';
import { SecretMasker } from './masker.js';
import { Step } from './step.js';
import { Variables } from './variables.js';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/** @typedef {import('./definition.js').Definition} Definition */
/** @typedef {import('./environment.js').Endpoint} Endpoint */
/** @typedef {import('./folders.js').Folders} Folders */

/**
 * @typedef {Record<string, { value: string, isSecret: boolean }>} VariableTable
 *
 * @typedef {object} Options
 * @property {string} taskFolder unpacked, with task.json
 * @property {Record<string, string>} [inputs] by name or alias, as the author wrote them
 * @property {Record<string, string>} [variables] public; they win over what the agent sets itself
 * @property {string[]} [readOnlyVariables] such as those that are set when a run is queued
 * @property {Record<string, string>} [secretVariables]
 * @property {Record<string, string>} [environment] that of the agent itself, for example NODE_EXTRA_CA_CERTS
 * @property {Record<string, string>} [stepEnvironment] the step's `env:`
 * @property {boolean} [debug] the same as the variable System.Debug
 * @property {'execution' | 'prejobexecution' | 'postjobexecution'} [section]
 * @property {string} [handler]
 * @property {string} [nodePath]
 * @property {string[]} [nodeArguments]
 * @property {string} [workFolder] each folder that is not given is a fresh one
 * @property {string} [tempFolder]
 * @property {string} [sourcesFolder]
 * @property {boolean} [sourcesFolderEmpty] leave System.DefaultWorkingDirectory without a value
 * @property {Record<string, Endpoint>} [endpoints] by id
 * @property {Record<string, string | { value: string, isSecret?: boolean }>} [taskVariables] `run.taskVariables` of an earlier section fits
 * @property {string} [stepName] the `name:` of the step
 * @property {(maskedLine: string) => void} [onLine]
 * @property {(child: ChildProcess) => void} [onStart] for tests that send signals
 * @property {number} [timeoutMs]
 * @property {boolean} [allowMultilineSecret] the same as the variable SYSTEM_UNSAFEALLOWMULTILINESECRET
 * @property {string} [agentOs] `Linux`, `Darwin` or `Windows_NT`
 *
 * @typedef {object} Run
 * @property {import('./results.js').Result} result
 * @property {number} exitCode as the agent sees it: 128 and the signal's number after a signal
 * @property {NodeJS.Signals | null} signal
 * @property {import('./step.js').Completion[]} completions
 * @property {import('./commands.js').Command[]} commands all that were understood, in order of arrival
 * @property {import('./commands.js').Command[]} droppedCommands those that the task's restrictions forbid
 * @property {string[]} log masked lines as a person sees them
 * @property {string} unmaskedOutput both streams as they came
 * @property {import('./step.js').Issue[]} issues the task's and the agent's own
 * @property {import('./step.js').Issue[]} keptIssues what the summary of the run shows of them
 * @property {string[]} liveLog the log as it is shown while the step runs
 * @property {string[]} containerDebugLog what a later step of a container job shows with System.Debug
 * @property {string[]} breakingVariables with which no later Node task starts
 * @property {string[]} currentOperation what the server shows of the step, unmasked
 * @property {VariableTable} variables set by the task
 * @property {VariableTable} outputs set by the task, without the step's name
 * @property {VariableTable} taskVariables those of the step, given or set
 * @property {string[]} masks values that the task gave to `task.setsecret`, in order
 * @property {{ variable: string, value: string }[]} maskedBeforeUse violations: secret variables that were set before
 *          they were masked
 * @property {Record<string, string>} laterEnvironment what the task adds to a later script's environment
 * @property {import('./folders.js').WrittenFile[]} files new or changed in the sources and temp folders
 * @property {Folders} folders
 * @property {number} durationMs
 * @property {() => Promise<void>} cleanUp removes the folders that were made for this run
 */

/**
 * Runs one section of a task in a process of its own.
 *
 * Rejects when the task can't be started or does not end in time; a task that fails is a result.
 *
 * @param {Options} options
 * @returns {Promise<Run>}
 */
export async function runTask(options) {
  const { taskFolder, section = 'execution', handler = 'Node20_1' } = options;
  const definition = await readDefinition(taskFolder, section, handler);
  const { folders, cleanUp } = await prepareFolders(options);
  try {
    return { ...(await runIn(folders, definition, options)), folders, cleanUp };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/**
 * @param {Folders} folders
 * @param {Definition} definition
 * @param {Options} options
 */
async function runIn(folders, definition, options) {
  const { nodePath = process.execPath, nodeArguments = [], timeoutMs = 60_000 } = options;
  const variables = jobVariables(folders, options);
  const taskVariables = givenTaskVariables(options.taskVariables ?? {});
  const step = new Step({
    stepName: options.stepName ?? 'step',
    variables,
    taskVariables,
    masker: maskerFor(options, taskVariables),
    restrictions: definition.restrictions,
    outputVariables: definition.outputVariables,
    newline: agentOs(options).startsWith('Windows') ? '\r\n' : '\n',
    onLine: options.onLine,
  });

  const { cwd, env } = surroundings(folders, definition, options, variables, taskVariables);
  const filesWritten = watchFiles([cwd, folders.temp]);
  const started = performance.now();
  const child = spawn(nodePath, [...nodeArguments, definition.target], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  options.onStart?.(child);
  const { exitCode, signal, output } = await follow(child, step, timeoutMs);
  const durationMs = performance.now() - started;

  return {
    result: step.finish(exitCode, `file name '${nodePath}', arguments '"${definition.target}"'`),
    exitCode,
    signal,
    completions: step.completions,
    commands: step.commands,
    droppedCommands: step.droppedCommands,
    log: step.log,
    unmaskedOutput: output,
    issues: step.issues,
    keptIssues: step.keptIssues,
    liveLog: step.liveLog,
    containerDebugLog: step.containerDebugLog,
    breakingVariables: step.breakingVariables,
    currentOperation: step.completions.map(({ message }) => message).filter(Boolean),
    variables: step.variables.toObject(),
    outputs: step.outputs.toObject(),
    taskVariables: taskVariables.toObject(),
    masks: step.masks,
    maskedBeforeUse: step.maskedBeforeUse,
    laterEnvironment: scriptEnvironment(step.added),
    files: filesWritten(),
    durationMs,
  };
}

/**
 * @param {Folders} folders
 * @param {Options} options
 */
function jobVariables({ work, temp, sources }, options) {
  const sourcesValue = options.sourcesFolderEmpty ? '' : sources;
  const variables = new Variables();
  for (const [name, value] of Object.entries({
    'Agent.TempDirectory': temp,
    'Agent.WorkFolder': work,
    'Agent.BuildDirectory': dirname(sources),
    'Agent.Version': '4.273.0',
    'Agent.OS': agentOs(options),
    'System.DefaultWorkingDirectory': sourcesValue,
    'System.HostType': 'build',
    'System.TaskInstanceName': options.stepName ?? 'step',
    'System.Culture': 'en-US',
    'Build.SourcesDirectory': sourcesValue,
  })) {
    variables.set(name, value, { isReadOnly: true });
  }
  if (options.debug) variables.set('System.Debug', 'true');
  if (options.allowMultilineSecret) variables.set('SYSTEM_UNSAFEALLOWMULTILINESECRET', 'true');
  for (const [name, value] of Object.entries(options.variables ?? {})) variables.set(name, value);
  for (const name of options.readOnlyVariables ?? []) {
    variables.set(name, variables.get(name)?.value ?? 'read-only', { isReadOnly: true });
  }
  for (const [name, value] of Object.entries(options.secretVariables ?? {})) {
    variables.set(name, value, { isSecret: true });
  }
  return variables;
}

/** @param {Options} options */
function agentOs({ agentOs }) {
  return agentOs ?? { darwin: 'Darwin', win32: 'Windows_NT' }[String(process.platform)] ?? 'Linux';
}

/** @param {NonNullable<Options['taskVariables']>} given */
function givenTaskVariables(given) {
  const taskVariables = new Variables();
  for (const [name, variable] of Object.entries(given)) {
    if (typeof variable === 'string') taskVariables.set(name, variable);
    else taskVariables.set(name, variable.value, { isSecret: variable.isSecret });
  }
  return taskVariables;
}

/**
 * @param {Options} options
 * @param {Variables} taskVariables
 */
function maskerFor({ secretVariables = {}, endpoints = {} }, taskVariables) {
  const masker = new SecretMasker();
  for (const value of Object.values(secretVariables)) masker.addJobSecret(value);
  for (const { parameters = {} } of Object.values(endpoints)) {
    for (const value of Object.values(parameters)) if (value.trim() !== '') masker.add(value);
  }
  for (const { value, isSecret } of taskVariables) if (isSecret) masker.add(value);
  return masker;
}

/**
 * @param {Folders} folders
 * @param {Definition} definition
 * @param {Options} options
 * @param {Variables} variables
 * @param {Variables} taskVariables
 */
function surroundings(folders, definition, options, variables, taskVariables) {
  const valueOf = (/** @type {string} */ name) => variables.get(name)?.value;
  const rootFolder = valueOf('System.DefaultWorkingDirectory') || folders.work;
  const inputs = resolveInputs(definition.inputs, options.inputs ?? {}, { valueOf, rootFolder });
  const endpoints = options.endpoints ?? {};
  return {
    cwd: definition.workingDirectory ? expandMacros(definition.workingDirectory, valueOf) : rootFolder,
    env: {
      ...inheritedEnvironment(),
      ...options.environment,
      ...Object.fromEntries(
        Object.entries(options.stepEnvironment ?? {}).map(([name, value]) => [
          name,
          expandMacros(value, valueOf),
        ]),
      ),
      ...taskEnvironment({ inputs, variables, taskVariables, endpoints }),
    },
  };
}

/**
 * Feeds the child's lines to the step until the child has ended and both streams are read.
 *
 * @param {ChildProcess} child
 * @param {Step} step
 * @param {number} timeoutMs
 * @returns {Promise<{ exitCode: number, signal: NodeJS.Signals | null, output: string }>}
 */
function follow(child, step, timeoutMs) {
  let output = '';
  return new Promise((resolve, reject) => {
    const giveUp = (/** @type {unknown} */ reason) => {
      clearTimeout(timer);
      // Don't wait for the streams to end, as a grandchild may hold them open.
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.kill('SIGKILL');
      reject(reason);
    };
    const guarded = (/** @type {(chunk: Buffer) => void} */ action) => (/** @type {Buffer} */ chunk) => {
      try {
        action(chunk);
      } catch (error) {
        giveUp(error);
      }
    };
    const timer = setTimeout(() => {
      giveUp(new Error(`the task did not end within ${timeoutMs} ms; its log:\n${step.log.join('\n')}`));
    }, timeoutMs);

    for (const stream of [child.stdout, child.stderr]) {
      const reader = new LineReader((line) => step.receive(line));
      stream?.on(
        'data',
        guarded((chunk) => (output += reader.push(chunk))),
      );
      stream?.on(
        'end',
        guarded(() => (output += reader.end())),
      );
    }
    child.on('error', giveUp);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
      resolve({ exitCode, signal, output });
    });
  });
}
