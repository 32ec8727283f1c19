// The user guide is true: each sample of YAML in it runs, the log is what the guide says, and each message that it
// explains is what the task says.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { inProject } from '../../scripts/paths.js';
import { errorsOf, openKeeper, runWithKeeper, warningsOf } from './packed-task.js';
import { readYaml } from './yaml.js';

/** @typedef {{ heading: string, info: string, text: string }} Block */
/** @typedef {import('../agent/agent.js').Run} Run */
/** @typedef {{ inputs?: Record<string, string>, env?: Record<string, string>, name?: string }} TaskStep */

const GUIDE = fs.readFileSync(inProject('docs', 'guide.md'), 'utf8');
const TASK = 'ksmazpipelinetask@1';
const NOW = '2005-03-18T01:58:31Z';

/** What Keeper holds for the guide. */
const HOLDS = [
  {
    title: 'Database',
    type: 'databaseCredentials',
    fields: [
      { type: 'host', value: [{ hostName: 'db.test', port: '5432' }] },
      { type: 'login', value: ['alice'] },
      { type: 'password', value: ['s3cr3t-p4ssw0rd'] },
    ],
    custom: [{ type: 'text', label: 'API key', value: ['k3y-of-the-api'] }],
  },
  {
    title: 'Prod TLS',
    notes: '-----BEGIN INVENTED KEY-----\nc2VjcmV0czNjcjN0\n-----END INVENTED KEY-----\n',
    custom: [{ type: 'text', label: 'licence', value: ['AAECAwQFBgf/'] }],
    files: [
      { name: 'cert.pem', text: 'the-certificate' },
      { name: 'keystore.p12', base64: 'AAECAwQFBgf/' },
    ],
  },
  {
    title: 'Portal',
    fields: [
      { type: 'login', value: ['alice'] },
      { type: 'password', value: ['p0rtal-p4ssw0rd'] },
      {
        type: 'oneTimeCode',
        value: ['otpauth://totp/Portal:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'],
      },
    ],
  },
  { title: 'Mail', uid: 'MailRecordUid000000001', fields: [{ type: 'password', value: ['first-m4il'] }] },
  { title: 'Mail', uid: 'MailRecordUid000000002', fields: [{ type: 'password', value: ['second-m4il'] }] },
];

const blocks = blocksOf(GUIDE);
/** The author's files, as the guide shows them. */
const files = Object.fromEntries(
  blocks.filter(({ info }) => / \S+\./.test(info)).map(({ info, text }) => [info.split(' ')[1], text]),
);

describe('a sample of the guide runs', { concurrency: 2 }, () => {
  const samples = samplesOf(blocks);
  assert.ok(samples.length >= 15, `only ${samples.length} samples were found`);
  samples.forEach(({ heading, text, logs }, index) => {
    test(`${index + 1}: ${heading}`, async (t) => {
      const { log, warnings } = await runPipeline(t, readYaml(text));
      const shown = logs.join('\n').split('\n').filter(Boolean);
      assert.deepEqual(
        shown.filter((line) => !log.includes(line)),
        [],
        'not in the log',
      );
      assert.deepEqual(
        warnings.filter((warning) => !shown.includes(`##[warning]${warning}`)),
        [],
        'a warning that the guide does not show',
      );
    });
  });
});

describe('a message of the guide is what the task says', { concurrency: 2 }, () => {
  const problems = blocks.filter(({ info }) => info === 'text problem');
  assert.ok(problems.length >= 15, `only ${problems.length} messages were found`);
  for (const { heading, text } of problems) {
    test(heading, async (t) => {
      const { run, hostname } = await provoke(t, heading, text);
      assert.equal(run.result, 'Failed');
      const [message, ...others] = errorsOf(run).map((error) =>
        error
          .replaceAll(hostname, 'keepersecurity.com')
          .replaceAll('Embedded Keeper Test CA', 'Example Proxy CA'),
      );
      assert.equal(message, text.trimEnd());
      assert.deepEqual(others, []);
    });
  }
});

test('the snippet for editors is a pipeline that runs', async (t) => {
  const file = fs.readFileSync(inProject('docs', 'keeper.code-snippets'), 'utf8');
  // Visual Studio Code allows a comma behind the last member.
  const { ksm } = JSON.parse(file.replaceAll(/,(?=\s*[\]}])/g, ''));
  const text = ksm.body
    .join('\n')
    .replaceAll(/\$\{\d+:([^}]*)\}/g, '$1')
    .replaceAll(/\$\{\d+\|([^,|]*)[^|]*\|\}/g, '$1')
    .replaceAll('$0', '')
    .replaceAll('\\$', '$');
  const { warnings } = await runPipeline(t, { steps: readYaml(text) });
  assert.deepEqual(warnings, []);
});

/**
 * The blocks of code of a document, each with what stands behind its fence and the heading above it.
 *
 * @param {string} markdown
 * @returns {Block[]}
 */
function blocksOf(markdown) {
  let heading = '';
  return [...markdown.matchAll(/^#+ (.*)$|^```(.+)\n([\s\S]*?)^```$/gm)].flatMap(([, title, info, text]) => {
    heading = title ?? heading;
    return title === undefined ? [{ heading, info, text }] : [];
  });
}

/** Each sample of YAML with the logs that follow it. @param {Block[]} blocks */
function samplesOf(blocks) {
  /** @type {(Block & { logs: string[] })[]} */
  const samples = [];
  for (const block of blocks) {
    if (block.info === 'yaml') samples.push({ ...block, logs: [] });
    if (block.info === 'text') samples.at(-1)?.logs.push(block.text);
  }
  return samples;
}

/**
 * Runs the task's steps of a pipeline, each of which has to succeed, and looks at the others: every variable that they
 * use must be there.
 *
 * @param {import('node:test').TestContext} t
 * @param {any} pipeline
 */
async function runPipeline(t, pipeline) {
  const keeper = await openKeeper(t, { holds: HOLDS });
  const folder = makeFolder(t, files);
  const outputs = new Set();
  const log = [];
  const warnings = [];
  let count = 0;
  for (const { job, scope, names } of jobsOf(pipeline)) {
    const known = new Set(['Agent.TempDirectory', 'secret_config', ...names]);
    for (const expression of Object.values(scope)) assertIsOutput(expression, outputs);
    for (const step of job.steps) {
      if (step.task !== TASK) {
        assertVariablesAreKnown(step, known);
        continue;
      }
      const run = await runStep(t, keeper, folder, step);
      assert.deepEqual(errorsOf(run), []);
      const neutral = (line) => line.replaceAll(run.folders.temp, '/agent/_work/_temp');
      log.push(...run.log.map(neutral));
      warnings.push(...warningsOf(run).map(neutral));
      Object.keys(run.variables).forEach((name) => known.add(name));
      for (const name of Object.keys(run.outputs)) {
        known.add(`${step.name}.${name}`);
        outputs.add(`dependencies.${job.job}.outputs['${step.name}.${name}']`);
        outputs.add(`stageDependencies.${job.stage}.${job.job}.outputs['${step.name}.${name}']`);
      }
      count += 1;
    }
  }
  assert.ok(count > 0, 'no step of the task');
  return { log, warnings };
}

/** The jobs of a pipeline with the variables that they and their stages define by outputs of others. */
function jobsOf({ stages = [{}], jobs, steps, ...rest }) {
  const plain = steps ? [{ steps }] : [];
  assert.deepEqual(
    Object.keys(rest).filter((name) => !['schedules'].includes(name)),
    [],
  );
  return stages.flatMap(({ stage, jobs: own = jobs ?? plain, variables: ofStage = {} }) =>
    own.map((job) => {
      const scope = { ...ofStage, ...job.variables };
      return { job: { stage, ...job }, scope, names: Object.keys(scope) };
    }),
  );
}

function assertIsOutput(expression, outputs) {
  const path = expression.match(/^\$\[ (.*) \]$/)?.[1];
  assert.ok(outputs.has(path), `no earlier step gives ${expression}`);
}

function assertVariablesAreKnown(step, known) {
  const used = [...JSON.stringify(step).matchAll(/\$\(([\w.]+)\)/g)].map(([, name]) => name);
  assert.deepEqual(
    used.filter((name) => !known.has(name)),
    [],
    'used, but not set',
  );
}

/**
 * @param {import('node:test').TestContext} t
 * @param {import('./packed-task.js').Keeper} keeper
 * @param {string} folder
 * @param {TaskStep} step
 * @returns {Promise<Run>}
 */
function runStep(t, keeper, folder, { inputs = {}, env = {}, name }) {
  const config = keeper.configBase64;
  const expand = (text) => text.replaceAll('$(secret_config)', config);
  const endpoint = { scheme: 'Token', parameters: { apitoken: config } };
  return runWithKeeper(t, {
    keeper,
    secrets: [],
    now: NOW,
    agent: {
      stepName: name,
      sourcesFolder: folder,
      inputs: { keepersecretconfig: '', ...inputs },
      environment: Object.fromEntries(Object.entries(env).map(([key, text]) => [key, expand(text)])),
      endpoints: { 'keeper-production': endpoint },
    },
  });
}

/**
 * Brings about what the guide explains. Where a message shows a line, that line is the only one.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} heading
 * @param {string} message
 */
async function provoke(t, heading, message) {
  const line = message.match(/^ {2}\d+ \| (.*)$/m)?.[1] ?? 'Database/field/password > var:DB_PASSWORD';
  const { faults, isGone, ...options } = PROVOCATIONS[heading] ?? {};
  const keeper = await openKeeper(t, { holds: HOLDS, faults });
  if (isGone) await keeper.close();
  const run = await runWithKeeper(t, { keeper, secrets: [line], now: NOW, ...options });
  return { run, hostname: keeper.hostname };
}

/** How to bring about what no mapping line does. */
const PROVOCATIONS = {
  'There is no config': { config: '', isConfigInline: true },
  'The variable with the config does not exist here': { config: '$(secret_config)', isConfigInline: true },
  'The config is a one-time token': { config: 'US:qZ-dE-aRPgXjXew-xEfrD4V_m2Ftu5YbVYEg6U9j-hQ' },
  'The mapping file or template is not there': { agent: { inputs: { secretsFile: 'secrets.txt' } } },
  'Keeper refuses': { faults: [{ status: 403, body: { error: 'access_denied' } }] },
  'There is no answer': { isGone: true },
  'The certificate is not accepted': { trusted: false },
};

/** A working directory that holds the author's files, removed when the test ends. */
function makeFolder(t, contents) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'guide-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(contents)) {
    fs.mkdirSync(dirname(join(folder, path)), { recursive: true });
    fs.writeFileSync(join(folder, path), text);
  }
  return folder;
}
