// Whatever a secret looks like, wherever it goes and whatever goes wrong: no part of it appears in the log, or becomes
// a command. Every run is made with System.Debug off and on.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inProject, readJson } from '../../scripts/paths.js';
import { withoutSignals } from '../platform.js';
import { EVERYONES_WORDS, LARGE, NO_TEXT, ONE_LINE, SEVERAL_LINES, letters } from './hostile-values.js';
import { errorsOf, openKeeper, runWithKeeper } from './packed-task.js';
import { Windows, windowsIn } from './windows.js';

const AT_A_POINT = fileURLToPath(new URL('at-a-point.cjs', import.meta.url));
const FIXED_CLOCK = fileURLToPath(new URL('fixed-clock.cjs', import.meta.url));
const NOW = '2026-03-04T05:06:07Z';

const SMALL = { ...ONE_LINE, ...SEVERAL_LINES, ...NO_TEXT };
const TITLE = 'Kestrel ledger 41';
const SHORT = { 'one letter': 'q', 'three letters': 'qzx' };

/** Values of other fields and attachments, and of broken ones. */
const OTHERS = {
  'whole record': letters('whole record'),
  'no otpauth': letters('no otpauth'),
  'no Base32': letters('no Base32'),
  hotp: letters('hotp'),
  'broken record': letters('broken record'),
  'large attachment': letters('large attachment', 100_000),
  "the proxy's password": `${letters('proxy')}@${letters('proxy 2')}%:/${letters('proxy 3')}`,
};

const field = (label, value) => ({ type: 'secret', label, value: [value] });
const fieldsOf = (values) => Object.entries(values).map(([label, value]) => field(label, value));

const HOLDS = [
  {
    title: 'Hostile',
    custom: fieldsOf({ ...SMALL, ...SHORT, ...LARGE }),
    files: [
      ...Object.entries(SMALL).map(([name, text]) => ({ name: `${name}.txt`, text })),
      { name: 'large.txt', text: OTHERS['large attachment'] },
      { name: 'large.bin', bytes: 100_000 },
    ],
  },
  {
    title: 'Whole',
    fields: [{ type: 'login', value: [OTHERS['whole record']] }],
    custom: fieldsOf({ ...ONE_LINE, 'two codes': ONE_LINE.plain }),
  },
  { title: 'Lines', custom: fieldsOf({ plain: ONE_LINE.plain, pem: SEVERAL_LINES.pem }) },
  { title: TITLE, fields: [{ type: 'password', value: [TITLE] }] },
  {
    title: 'Codes',
    fields: [{ type: 'oneTimeCode', value: [ONE_LINE.seed] }],
    custom: [
      { type: 'oneTimeCode', label: 'none', value: [OTHERS['no otpauth']] },
      {
        type: 'oneTimeCode',
        label: 'no Base32',
        value: [`otpauth://totp/x?secret=${OTHERS['no Base32']}01`],
      },
      { type: 'oneTimeCode', label: 'hotp', value: [`otpauth://hotp/x?secret=${OTHERS.hotp}`] },
    ],
  },
  {
    title: 'Broken',
    uid: 'BrokenRecordBrokenReco',
    raw: `{"title": "Broken", "notes": "${OTHERS['broken record']}`,
  },
];

let count = 0;
const destination = (kind) => `${kind}:${kind.startsWith('file') ? 'files/' : ''}X${(count += 1)}`;
const linesFor = (values, kinds, notation) =>
  Object.keys(values).flatMap((name) => kinds.map((kind) => `${notation(name)} > ${destination(kind)}`));
const asField = (name) => `Hostile/custom_field/${name}`;
const asFile = (name) => `Hostile/file/${name}.txt`;

/** A line for every value, to every destination that can take it, in every form. */
const LINES = [
  ...linesFor(
    ONE_LINE,
    ['var', 'out', 'env', 'file', 'var+base64', 'out+json', 'env+json', 'file+json'],
    asField,
  ),
  ...linesFor(SEVERAL_LINES, ['file', 'file+json', 'var+base64', 'out+json+base64', 'env+json'], asField),
  ...linesFor(NO_TEXT, ['file', 'file+json', 'file+base64', 'var+base64'], asField),
  ...linesFor(SMALL, ['file', 'out+base64'], asFile),
  ...linesFor(ONE_LINE, ['var'], asFile),
  ...linesFor(SHORT, ['var', 'file', 'env+base64'], asField),
  'Hostile/custom_field/base64 > var+unbase64:DECODED',
  'Hostile/custom_field/base64 > file+unbase64:files/decoded',
  'Hostile/file/large.txt > file:files/large.txt',
  'Hostile/file/large.txt > file+base64:files/large.b64',
  'Hostile/file/large.txt > file+json:files/large.json',
  'Hostile/file/large.bin > file:files/large.bin',
  'Hostile/custom_field/json > file+0640:files/mode',
  'Whole/* > var:WHOLE_*',
  'Whole/* > out+base64:ENCODED_*',
  'Whole/* > var+json:WHOLE',
  'Whole/* > file+json:files/whole.json',
  'Lines/* > file+dotenv:files/lines.env',
  'Lines/* > env+json+base64:LINES',
  'Codes/field/oneTimeCode > var:CODE',
  'Codes/field/oneTimeCode[url] > file:files/seed',
  `${TITLE}/field/password > var:THE_TITLE`,
  `${TITLE}/title > env:THE_TITLE_TOO`,
];

// XML cannot contain control characters.
const formsOf = (name) => ['raw', 'json', 'base64', ...(name === 'control characters' ? [] : ['xml'])];

/** Each value in each form of a template that can take it. */
const TEMPLATE = [
  ...Object.keys({ ...ONE_LINE, ...SEVERAL_LINES }).flatMap((name) =>
    formsOf(name).map((form) => `\${keeper://${asField(name)} | ${form}}`),
  ),
  '${keeper://Hostile/custom_field/plain | dotenv}',
].join('\n');

const KNOWN = windowsIn([
  ...LINES,
  ...EVERYONES_WORDS,
  ...Object.keys({ ...SMALL, ...LARGE, ...OTHERS }),
  TITLE,
  '"password"',
]);
const windows = new Windows(KNOWN);
const SECRETS = { ...SMALL, ...LARGE, ...OTHERS };
for (const [name, secret] of Object.entries(SECRETS)) windows.add(name, secret);

test('hardly anything of a secret goes unnoticed because it may be shown for another reason', () => {
  for (const name of Object.keys(SECRETS)) {
    assert.ok(windows.shareOf(name) > 1 / 3, `${name}: ${windows.shareOf(name)}`);
  }
});

/**
 * The ways in which the task gets the config, used in turn.
 *
 * @type {((keeper: import('./packed-task.js').Keeper) => { config?: string, isConfigInline?: boolean, agent?: object })[]}
 */
const WAYS = [
  ({ configBase64 }) => ({ isConfigInline: true, config: configBase64 }),
  ({ configJson }) => ({ isConfigInline: true, config: configJson }),
  ({ config }) => ({ isConfigInline: true, config: JSON.stringify(config, null, 4) }),
  ({ configBase64 }) => ({ config: configBase64 }),
  ({ configJson }) => ({ ...NO_INPUT, agent: { environment: { KSM_CONFIG: configJson } } }),
  ({ configBase64 }) => ({ ...NO_INPUT, agent: { environment: { KSM_CONFIG: configBase64 } } }),
  ({ configBase64 }) => ({
    ...NO_INPUT,
    agent: {
      inputs: { keeperConnection: CONNECTION },
      endpoints: { [CONNECTION]: { scheme: 'Token', parameters: { apitoken: configBase64 } } },
    },
  }),
];

/** @type {Record<string, (keeper: import('./packed-task.js').Keeper) => string>} */
const FORMS_OF_CONFIG = {
  Base64: ({ configBase64 }) => configBase64,
  JSON: ({ configJson }) => configJson,
  'indented JSON': ({ config }) => JSON.stringify(config, null, '\t'),
};

/** Inputs with a secret variable in them. */
const MISPLACED = [...readJson(inProject('task', 'task.json')).inputs.map(({ name }) => name)]
  .filter((input) => input !== 'keepersecretconfig')
  .map((input) => [input, '$(secret_config)'])
  .concat([
    ['secrets', '$(secret_config) > A'],
    ['secrets', 'Lines/custom_field/$(secret_config) > A'],
    ['secrets', 'Lines/custom_field/plain > $(secret_config)'],
    ['secrets', 'Lines/custom_field/plain > var:$(secret_config)'],
    ['templates', '$(secret_config) > out.txt'],
    ['templates', 'template.txt > $(secret_config)'],
  ]);
const NO_INPUT = { isConfigInline: true, config: '' };
const CONNECTION = '0a1b2c3d-0000-4000-8000-000000000001';

/**
 * @typedef {object} Outcome
 * @property {string} when
 * @property {boolean} [succeeds]
 * @property {string[]} [lines] else some of all
 * @property {string[]} [also] further lines
 * @property {boolean} [all] whether it is all of them
 * @property {import('../keeper/faults.js').Faults} [faults]
 * @property {object[]} [point] events at points of the run
 * @property {string} [now]
 * @property {boolean} [trusted]
 * @property {boolean} [isStopped] whether the task is stopped before it can report anything
 * @property {boolean} [isSetBefore] whether variables were set before it failed
 * @property {(keeper: import('./packed-task.js').Keeper) => object} [way] how the task gets the config, else in turn
 * @property {object} [agent]
 */

const forEver = (fault) => (request) =>
  (fault.on ?? 'get_secret') === (request.endpoint ?? 'download') ? fault : undefined;
const someLines = LINES.slice(0, 12);

/** @type {Outcome[]} */
const OUTCOMES = [
  ...WAYS.map((_, index) => ({
    when: `everything is set (config ${index + 1})`,
    succeeds: true,
    all: index === 0,
  })),
  {
    when: 'the pipeline allows variables of several lines',
    succeeds: true,
    also: linesFor(SEVERAL_LINES, ['var', 'out', 'env'], asField),
    agent: { allowMultilineSecret: true },
  },
  {
    when: 'Node itself is set to debug',
    succeeds: true,
    agent: {
      environment: {
        NODE_DEBUG: 'child_process,http,https,net,tls,fs,module,stream,timer',
        NODE_OPTIONS: '--trace-warnings',
      },
    },
  },
  {
    when: 'values are large',
    succeeds: true,
    lines: linesFor({ '24 KB': 1 }, ['var', 'file', 'env'], asField),
  },
  {
    when: 'values are large, in lines',
    succeeds: true,
    lines: linesFor({ '24 KB in lines': 1 }, ['file', 'file+json', 'var+base64'], asField),
  },
  {
    when: 'values are larger',
    succeeds: true,
    lines: linesFor({ '200 KB': 1 }, ['file', 'file+base64'], asField),
  },
  {
    when: 'Keeper is asked again',
    succeeds: true,
    now: NOW,
    faults: [{ throttled: true }, { status: 503 }, { destroy: true }],
  },
  {
    when: 'variables cannot hold several lines',
    also: linesFor(SEVERAL_LINES, ['var', 'out', 'env'], asField),
  },
  { when: 'variables cannot hold what is no text', also: linesFor(NO_TEXT, ['var', 'out', 'env'], asField) },
  {
    when: 'variables cannot hold so much',
    lines: linesFor({ '200 KB': 1 }, ['var', 'out+json', 'env+base64'], asField),
  },
  {
    when: 'values are no Base64',
    also: linesFor({ ...SMALL, base64: undefined }, ['var+unbase64'], asField).filter(
      (line) => !/\/(plain|shortest|base64|2000 characters) >/.test(line),
    ),
  },
  { when: 'values mean something to every shell', also: ['Whole/* > file+dotenv:files/whole.env'] },
  { when: 'values have no properties', also: linesFor(SMALL, ['var'], (name) => `${asField(name)}[0][x]`) },
  { when: 'values have no such index', also: linesFor(SMALL, ['var'], (name) => `${asField(name)}[3]`) },
  {
    when: 'fields hold no two-factor URIs',
    also: ['none', 'no Base32', 'hotp'].map(
      (name) => `Codes/custom_field/${name} > var:CODE_${name.replace(' ', '_')}`,
    ),
  },
  { when: 'the JSON of a record is broken', also: ['BrokenRecordBrokenReco/notes > var:BROKEN'] },
  { when: 'a record is not there', also: ['Kestrel ledger 42/notes > var:NONE'] },
  {
    when: 'a field is not there',
    also: ['Hostile/field/plain > var:NONE', 'Hostile/custom_field/plane > var:NONE_TOO'],
  },
  { when: 'an attachment is not there', also: ['Hostile/file/plain.text > file:none'] },
  { when: 'a line has no arrow', also: ['Hostile/custom_field/plain'] },
  {
    when: 'a template has a faulty form',
    also: [],
    agent: { inputs: { templates: 'faulty.txt > files/faulty' } },
  },
  {
    when: 'Keeper refuses',
    faults: [{ status: 403, body: { error: 'access_denied', message: 'Unknown client' } }],
  },
  {
    when: 'Keeper is out of service',
    now: NOW,
    faults: forEver({ status: 503, body: { error: 'down', message: 'too much' } }),
  },
  { when: 'Keeper throttles for ever', now: NOW, faults: forEver({ throttled: true }) },
  { when: 'connections break', now: NOW, faults: forEver({ destroy: true }) },
  { when: 'a portal answers', faults: [{ status: 200, body: '<!DOCTYPE html><html></html>' }] },
  { when: 'the answer is changed on the way', faults: [{ flipByte: 100 }] },
  { when: 'the answer is cut', now: NOW, faults: forEver({ breakAfter: 5000 }) },
  {
    when: 'the answer is not what it should be',
    faults: [{ plaintext: `{"records": [{"recordUid": "${letters('answer')}"` }],
  },
  { when: 'the certificate is not trusted', trusted: false },
  {
    when: "the agent's proxy cannot be reached",
    now: NOW,
    agent: {
      variables: { 'Agent.ProxyUrl': 'http://127.0.0.1:1', 'Agent.ProxyUsername': 'user' },
      secretVariables: { 'Agent.ProxyPassword': OTHERS["the proxy's password"] },
    },
  },
  ...['http://127.0.0.1:1', 'ftp://127.0.0.1', 'http://[::'].map((address) => ({
    when: `a proxy in the environment cannot be used (${address})`,
    now: NOW,
    agent: {
      environment: {
        HTTPS_PROXY: address.replace('//', `//user:${encodeURIComponent(OTHERS["the proxy's password"])}@`),
      },
    },
  })),
  { when: 'an attachment is changed on the way', faults: [{ on: 'download', flipByte: -1 }] },
  {
    when: 'a large attachment is changed on the way',
    faults: (request) => (request.fileUid ? { on: 'download', flipByte: 50 } : undefined),
  },
  {
    when: 'attachments are refused',
    faults: forEver({ on: 'download', status: 403, body: 'Request has expired' }),
  },
  { when: 'attachments are cut', now: NOW, faults: forEver({ on: 'download', breakAfter: 10 }) },
  { when: 'the disk is full', point: [{ call: 'writeFileSync', count: 3, code: 'ENOSPC' }] },
  {
    when: 'the disk is full while an attachment comes',
    point: [{ call: 'writev', count: 2, code: 'ENOSPC' }],
  },
  { when: 'a file cannot get its name', point: [{ call: 'renameSync', count: 2, code: 'EIO' }] },
  {
    when: 'a part of the system fails and quotes',
    point: [{ call: 'fsync', count: 1, throws: `at ${ONE_LINE.plain}` }],
  },
  { when: 'a request fails and quotes', point: [{ call: 'request', count: 1, throws: ONE_LINE.plain }] },
  {
    when: 'the task is cancelled before the records come',
    point: [{ call: 'request', count: 1, signal: 'SIGINT' }],
  },
  {
    when: 'the task is cancelled while attachments come',
    point: [{ call: 'writev', count: 1, signal: 'SIGTERM' }],
  },
  {
    when: 'the task is cancelled before it has begun',
    isStopped: true,
    point: [{ call: 'start', count: 1, signal: 'SIGTERM' }],
  },
  {
    when: 'the agent refuses a variable and quotes the command',
    isSetBefore: true,
    lines: Object.keys(ONE_LINE).flatMap((name, index) => [
      // An output variable is read-only, under its name in the job.
      `${asField('plain')} > out:ONCE_${index}`,
      `${asField(name)} > env:step.ONCE_${index}`,
    ]),
    agent: { variables: { 'Agent.ReadOnlyVariables': 'true' } },
  },
  {
    when: 'the config is cut',
    lines: someLines,
    way: ({ configJson }) => ({ isConfigInline: true, config: configJson.slice(0, -40) }),
  },
  {
    when: 'the config is cut in Base64',
    lines: someLines,
    way: ({ configBase64 }) => ({ isConfigInline: true, config: configBase64.slice(0, 400) }),
  },
  {
    when: 'the config is in quotes',
    lines: someLines,
    way: ({ configJson }) => ({ isConfigInline: true, config: `'${configJson}'` }),
  },
  {
    when: 'the config is encoded twice',
    lines: someLines,
    way: ({ configBase64 }) => ({
      isConfigInline: true,
      config: Buffer.from(configBase64).toString('base64'),
    }),
  },
  {
    when: 'the config has a broken member',
    lines: someLines,
    way: ({ config }) => ({
      isConfigInline: true,
      config: JSON.stringify({ ...config, appKey: `${config.appKey.slice(4)}` }),
    }),
  },
  {
    when: 'the config lacks a member',
    lines: someLines,
    way: ({ config }) => ({
      isConfigInline: true,
      config: JSON.stringify({ ...config, clientId: undefined }),
    }),
  },
  {
    when: 'the config is there twice',
    lines: someLines,
    way: ({ configJson, configBase64 }) => ({
      isConfigInline: true,
      config: configJson,
      agent: {
        inputs: { keeperConnection: CONNECTION },
        endpoints: { [CONNECTION]: { scheme: 'Token', parameters: { apitoken: configBase64 } } },
      },
    }),
  },
  ...Object.entries(FORMS_OF_CONFIG).flatMap(([form, write]) =>
    MISPLACED.map(([input, text]) => ({
      when: `the config as ${form} is in \`${input}\` by mistake: ${text}`,
      lines: [],
      way: (keeper) => ({
        config: write(keeper),
        agent: { inputs: { keepersecretconfig: '', [input]: text } },
      }),
    })),
  ),
];

/**
 * The lines for one outcome. All lines for each would take too long, so it is every fourth one, with another start each
 * time.
 *
 * @param {Outcome} outcome
 * @param {number} index
 */
function linesOf({ lines, all = false }, index) {
  const isTurn = (line, place) => all || place % 4 === index % 4 || line.includes('/large.');
  return lines ?? LINES.filter(isTurn);
}

const usesTemplate = ({ lines, all = false }, index) => lines === undefined && (all || index % 4 === 0);

const isSignalled = ({ point = [] }) => point.some(({ signal }) => signal);
const outcomes = OUTCOMES.filter((outcome) => !(withoutSignals && isSignalled(outcome)));

let runs = 0;
let cases = 0;
const expectedRuns = 2 * outcomes.length;
const casesOf = (outcome, index) =>
  linesOf(outcome, index).length +
  (outcome.also ?? []).length +
  (usesTemplate(outcome, index) ? TEMPLATE.split('\n').length : 0);
const expectedCases = 2 * outcomes.map(casesOf).reduce((sum, count) => sum + count);

describe(
  'nothing of a secret appears in the log, and nothing in it is carried out',
  { concurrency: 2 },
  () => {
    if (withoutSignals) test('when the task is cancelled', { skip: withoutSignals });
    outcomes.forEach((outcome, index) => {
      test(`when ${outcome.when}`, async (t) => {
        for (const debug of [false, true]) {
          await tryOut(t, outcome, index, debug);
          runs += 1;
          cases += casesOf(outcome, index);
        }
      });
    });
  },
);

test('a large attachment that goes to a file is not masked, in whatever form', async (t) => {
  const keeper = await openKeeper(t, { holds: HOLDS });
  const kinds = ['file', 'file+base64', 'file+json'];
  const run = await runWithKeeper(t, {
    keeper,
    secrets: linesFor({ large: 1 }, kinds, asFile),
    isConfigInline: true,
  });
  assert.equal(run.result, 'Succeeded');
  const { config, configBase64, configJson } = keeper;
  const ofConfig = [config.clientId, config.privateKey, config.appKey, configBase64, configJson];
  assert.deepEqual(
    run.masks.filter((mask) => !ofConfig.includes(mask)),
    [],
  );
});

test(`these were ${expectedCases} cases of a secret, its destination and what happens, in ${expectedRuns} runs`, () => {
  assert.deepEqual([cases, runs], [expectedCases, expectedRuns]);
});

/**
 * @param {import('node:test').TestContext} t
 * @param {Outcome} outcome
 * @param {number} index
 * @param {boolean} debug
 */
async function tryOut(t, outcome, index, debug) {
  const { also = [], faults = [], point, now, trusted, agent = {} } = outcome;
  const folder = fs.mkdtempSync(join(tmpdir(), 'leaks-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.writeFileSync(join(folder, 'template.txt'), TEMPLATE);
  fs.writeFileSync(join(folder, 'faulty.txt'), `\${keeper://${asField('plain')} | rwa}`);
  fs.writeFileSync(join(folder, 'lines.txt'), also.join('\n'));
  const before = fs.readdirSync(folder).sort();

  const keeper = await openKeeper(t, { holds: HOLDS, faults: Array.isArray(faults) ? [...faults] : faults });
  const { agent: wayAgent = {}, ...config } = (outcome.way ?? WAYS[index % WAYS.length])(keeper);
  const run = await runWithKeeper(t, {
    keeper,
    secrets: linesOf(outcome, index),
    trusted,
    now,
    ...config,
    agent: {
      debug,
      sourcesFolder: folder,
      ...wayAgent,
      ...agent,
      nodeArguments: [
        ...(now ? ['--require', FIXED_CLOCK] : []),
        ...(point ? ['--require', AT_A_POINT] : []),
      ],
      inputs: {
        ...(also.length > 0 && { secretsFile: 'lines.txt' }),
        ...(usesTemplate(outcome, index) && { templates: 'template.txt > files/template.txt' }),
        ...wayAgent.inputs,
        ...agent.inputs,
      },
      environment: {
        ...(now && { FIXED_CLOCK: now }),
        ...(point && { AT_POINT: JSON.stringify(point), AT_POINT_FOLDER: folder }),
        ...wayAgent.environment,
        ...agent.environment,
      },
    },
  });
  assertNothingIsShown(run, keeper);
  assertMasksComeFirst(run);
  assertOnlyMeantCommands(run);
  const set = run.commands.filter(({ event }) => event === 'setvariable').length;
  if (outcome.succeeds) {
    assert.deepEqual([run.result, errorsOf(run)], ['Succeeded', []]);
    assert.ok(fs.existsSync(join(folder, 'files')));
  } else {
    assert.equal(run.result, 'Failed');
    assert.equal(run.completions.length, outcome.isStopped ? 0 : 1);
    if (outcome.isSetBefore) return assert.ok(set > 0);
    assert.equal(set, 0);
    assert.deepEqual(fs.readdirSync(folder).sort(), before);
  }
}

/**
 * @param {import('../agent/agent.js').Run} run
 * @param {import('./packed-task.js').Keeper} keeper
 */
function assertNothingIsShown(run, { config, configJson, configBase64, vault }) {
  const shown = [...run.log, ...run.completions.map(({ message }) => message)];
  assert.deepEqual(windows.findIn(shown), []);
  const ofConfig = new Windows(KNOWN);
  for (const part of ['clientId', 'privateKey', 'appKey']) ofConfig.add(part, config[part]);
  ofConfig.add('config', configBase64);
  ofConfig.add('config', Buffer.from(configBase64).toString('base64'));
  assert.ok(configJson.includes(config.privateKey));
  for (const { key } of vault.records) ofConfig.add('record key', key.toString('latin1'));
  assert.deepEqual(ofConfig.findIn(shown), []);
}

/** @param {import('../agent/agent.js').Run} run */
function assertMasksComeFirst({ commands, masks, maskedBeforeUse }) {
  const isUse = ({ event }) => event === 'setvariable';
  const firstUse = commands.findIndex(isUse);
  const lastMask = commands.findLastIndex(({ event }) => event === 'setsecret');
  assert.ok(firstUse < 0 || lastMask < firstUse, 'a mask comes after the first use');
  assert.deepEqual(
    maskedBeforeUse.filter(({ value }) => value.length >= 4),
    [],
  );
  const unmasked = commands.filter(({ event, data }) => event === 'setvariable' && !masks.includes(data));
  assert.deepEqual(
    unmasked.filter(({ data }) => data.length >= 4),
    [],
  );
  assert.deepEqual(
    masks.filter((mask) => mask.trim() === '' || mask.length < 4),
    [],
    'blank or short masks',
  );
}

const MEANT = ['complete', 'debug', 'logissue', 'setsecret', 'settaskvariable', 'setvariable'];

/** @param {import('../agent/agent.js').Run} run */
function assertOnlyMeantCommands({ commands, droppedCommands, unmaskedOutput, variables, outputs }) {
  const others = commands.filter(({ area, event }) => area !== 'task' || !MEANT.includes(event));
  assert.deepEqual(others, []);
  assert.deepEqual(droppedCommands, []);
  const lines = unmaskedOutput.split(/[\r\n]+/).filter((line) => line.includes('##vso['));
  assert.deepEqual(
    lines.filter((line) => !line.startsWith('##vso[task.')),
    [],
    'commands inside of lines',
  );
  assert.equal(lines.length, commands.length);
  const names = [...Object.keys(variables), ...Object.keys(outputs)];
  assert.deepEqual(
    names.filter((name) => name === 'EVIL'),
    [],
  );
}
