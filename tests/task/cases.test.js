// Each file in tests/cases is one story: mapping lines, what Keeper holds, what the agent and Keeper see of the run.
// Here the packed task runs them as under an agent; another test runs the same files through the core alone.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isWindows } from '../platform.js';
import { CONFIG_IN_CLEAR, errorsOf, openKeeper, runWithKeeper, warningsOf } from './packed-task.js';

/**
 * @typedef {object} Case
 * @property {string} story a sentence that is true
 * @property {string[]} secrets the mapping lines
 * @property {string} [secretsFile] the path of a file with more of them
 * @property {string[]} [templates] lines `TEMPLATE > FILE`
 * @property {Record<string, string>} [files] the author's own by path in the working directory
 * @property {'run' | 'validate' | 'check'} [mode]
 * @property {'warn' | 'allow' | 'deny'} [outputPolicy]
 * @property {string} [keepFiles]
 * @property {string} [timeoutInSeconds]
 * @property {import('../keeper/vault.js').Description} keeperHolds
 * @property {string} [config] else that of the embedded Keeper
 * @property {boolean} [allowsSeveralLines] whether the pipeline allows secrets of several lines
 * @property {string} [now] the time at which the clock is stopped; waits then end at once
 * @property {AgentSees} agentSees what is left out is empty
 * @property {({ get_secret: 'all' | string[] } | { download: string })[]} keeperSees the requests; downloads go side by side
 *
 * @typedef {object} AgentSees
 * @property {'Succeeded' | 'Failed'} result
 * @property {Record<string, string>} [variables] secret ones of the job
 * @property {Record<string, string>} [outputs] secret ones of the step
 * @property {Record<string, string>} [environment] what later steps find in their environment
 * @property {Record<string, string | { base64: string }>} [files] written, by path in the working directory
 * @property {Record<string, string>} [modes] of files that are not `0600`
 * @property {string[]} [warnings]
 * @property {string[]} [problems]
 * @property {string[]} [logs] lines that the log holds, among others
 */

const FOLDER = fileURLToPath(new URL('../cases/', import.meta.url));

/** Shorter texts are not masked, or would be found in any log, respectively. */
const MIN_MASKED = 4;
const MIN_LOOKED_FOR = 6;

describe('through the packed task', { concurrency: 2 }, () => {
  for (const [index, name] of readdirSync(FOLDER).sort().entries()) {
    // Every other story runs with System.Debug, which must change nothing but the log.
    const debug = index % 2 === 1;
    /** @type {Case} */
    const story = JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));
    const isOfOthers = JSON.stringify(story.agentSees).includes('this agent does not run on Windows');
    const skip = isWindows && isOfOthers && 'it is about other systems';
    test(`${story.story} (${name})`, { skip }, async (t) => {
      await play(t, story, debug);
    });
  }
});

/**
 * @param {import('node:test').TestContext} t
 * @param {Case} story
 * @param {boolean} debug
 */
async function play(t, story, debug) {
  const { secrets, keeperHolds, config, allowsSeveralLines, now, agentSees, keeperSees } = story;
  const keeper = await openKeeper(t, { holds: keeperHolds });
  const run = await runWithKeeper(t, {
    keeper,
    secrets,
    config,
    now,
    // A config in the pipeline itself is masked by the task only.
    isConfigInline: debug || config !== undefined,
    agent: {
      debug,
      allowMultilineSecret: allowsSeveralLines,
      inputs: inputsOf(story),
      sourcesFolder: makeFolder(t, story.files ?? {}),
    },
  });
  const { result, variables, outputs, environment, files, modes, warnings, problems, logs } = agentSees;

  assert.deepEqual(
    {
      result: run.result,
      variables: valuesOf(run.variables, { secret: true }),
      outputs: valuesOf(run.outputs, { secret: true }),
      environment: valuesOf(run.variables, { secret: false }),
      files: contentOf(run),
      modes: unusualModesOf(run),
      warnings: warningsOf(run).filter((text) => !debug || text !== CONFIG_IN_CLEAR),
      problems: errorsOf(run),
    },
    {
      result,
      variables: variables ?? {},
      outputs: outputs ?? {},
      environment: environment ?? {},
      files: files ?? {},
      modes: (!isWindows && modes) || {},
      warnings: warnings ?? [],
      problems: withSummary(problems ?? []).map(withLimitsOfSystem),
    },
  );
  assert.deepEqual(valuesOf(run.outputs, { secret: false }), {});
  assert.equal(run.exitCode, 0);
  assert.deepEqual(
    run.completions.map((completion) => completion.result),
    [result],
  );
  assert.deepEqual(
    (logs ?? []).filter((line) => !run.log.includes(line)),
    [],
    'missing in the log',
  );
  if (result === 'Failed') assertNothingIsSet(run);
  assert.deepEqual(run.droppedCommands, []);
  assert.deepEqual(
    run.maskedBeforeUse.filter(({ value }) => value.length >= MIN_MASKED && !/^(true|false)$/.test(value)),
    [],
    'set before it was masked',
  );
  assertNothingIsShown(run.log, [...textsIn(keeperHolds), ...partsOf(config ?? keeper.configJson)]);
  assert.deepEqual(requestsTo(keeper), keeperSees);
}

/** The inputs that a story names besides its mapping lines. @param {Case} story */
function inputsOf({ secretsFile, templates, mode, outputPolicy, keepFiles, timeoutInSeconds }) {
  const words = { mode, outputPolicy, keepFiles, timeoutInSeconds };
  const inputs = { secretsFile, templates: templates?.join('\n'), ...words };
  return Object.fromEntries(Object.entries(inputs).filter(([, text]) => text !== undefined));
}

/** A working directory that holds the author's files, removed when the test ends. */
function makeFolder(t, files) {
  const folder = mkdtempSync(join(tmpdir(), 'case-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** @param {import('../agent/agent.js').VariableTable} table @param {{ secret: boolean }} wanted */
function valuesOf(table, { secret }) {
  const wanted = Object.entries(table).filter(([, { isSecret }]) => isSecret === secret);
  return Object.fromEntries(wanted.map(([name, { value }]) => [name, value]));
}

/** @param {import('../agent/agent.js').Run} run */
function contentOf({ files, folders }) {
  return Object.fromEntries(
    files.map(({ path }) => {
      const bytes = readFileSync(path);
      const text = bytes.toString();
      const isText = !text.includes('\0') && Buffer.from(text).equals(bytes);
      return [pathBelow(folders.sources, path), isText ? text : { base64: bytes.toString('base64') }];
    }),
  );
}

/** Windows has no modes. @param {import('../agent/agent.js').Run} run */
function unusualModesOf({ files, folders }) {
  const unusual = isWindows ? [] : files.filter(({ mode }) => mode !== 0o600);
  return Object.fromEntries(
    unusual.map(({ path, mode }) => [pathBelow(folders.sources, path), mode.toString(8).padStart(4, '0')]),
  );
}

/** A path as the stories write it. */
const pathBelow = (folder, path) => relative(folder, path).replaceAll('\\', '/');

/** The stories have Linux' limit for a variable; that of Windows is lower. @param {string} problem */
const withLimitsOfSystem = (problem) => (isWindows ? problem.replace('131,058', '32,753') : problem);

/** Each problem is an issue; after several, a last one says how many. */
const withSummary = (problems) =>
  problems.length > 1 ? [...problems, `${problems.length} problems; nothing was set`] : problems;

/** @param {import('../agent/agent.js').Run} run */
function assertNothingIsSet(run) {
  const events = run.commands.map(({ event }) => event);
  assert.equal(events.includes('setvariable') || events.includes('settaskvariable'), false);
  assert.deepEqual(run.files, []);
}

/**
 * @param {string[]} log
 * @param {string[]} texts
 */
function assertNothingIsShown(log, texts) {
  const shown = texts.filter(
    (text) => text.length >= MIN_LOOKED_FOR && log.some((line) => line.includes(text)),
  );
  assert.deepEqual(shown, [], 'shown in the log');
}

/** Every value in the vault, split into lines; names, titles and labels may be shown. */
function textsIn(description) {
  const records = Array.isArray(description) ? description : description.records;
  const values = records.flatMap(({ notes = '', fields, custom, files = [] }) => [
    notes,
    ...[...(fields ?? []), ...(custom ?? [])].flatMap(({ value }) => leavesOf(value)),
    ...files.map(({ text = '', base64 = '' }) => text || base64),
  ]);
  return values.flatMap((value) => value.split(/[\r\n]+/)).map((line) => line.trim());
}

/** @returns {string[]} */
function leavesOf(value) {
  return value !== null && typeof value === 'object'
    ? Object.values(value).flatMap(leavesOf)
    : [String(value ?? '')];
}

/** The config's secret members as far as it has any, and it as a whole. */
function partsOf(config) {
  const members = [...config.matchAll(/"(?:clientId|privateKey|appKey|clientKey)"\s*:\s*"([^"\n]*)/g)];
  // The text `$(name)` is what the agent leaves if there is no such variable; it is not secret.
  const whole = /^\$\(.*\)$/.test(config) ? [] : [config, Buffer.from(config).toString('base64')];
  return [...whole, ...members.map(([, value]) => value)];
}

/** The requests to Keeper; downloads are concurrent, so they are sorted by name here. */
function requestsTo(keeper) {
  const files = keeper.vault.records.flatMap((record) => record.files);
  const nameOf = (uid) => files.find((file) => file.uid === uid)?.name;
  const asked = keeper.requests.filter(({ endpoint }) => endpoint === 'get_secret');
  const downloaded = keeper.requests.filter(({ fileUid }) => fileUid !== undefined);
  assert.equal(asked.length + downloaded.length, keeper.requests.length);
  return [
    ...asked.map(({ payload }) => ({ get_secret: payload.requestedRecords ?? 'all' })),
    ...downloaded.map(({ fileUid }) => ({ download: nameOf(fileUid) })).sort(byDownload),
  ];
}

const byDownload = (a, b) => (a.download < b.download ? -1 : Number(a.download > b.download));
