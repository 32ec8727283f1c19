// Runs a sample pipeline of the documentation: the task's steps with the embedded agent against an embedded Keeper, the
// scripts in a shell in which other programs only report how they were called.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { expandMacros } from '../agent/inputs.js';
import { makeAuthority } from '../keeper/certificates.js';
import { guideVault } from '../keeper/samples.js';
import { isWindows } from '../platform.js';
import { errorsOf, openKeeper, runWithKeeper, warningsOf } from '../task/packed-task.js';

/** @typedef {import('../task/packed-task.js').Keeper} Keeper */
/** @typedef {Partial<import('../agent/agent.js').Options>} AgentOptions */
/** @typedef {Record<string, any>} Step */

/**
 * The surroundings of a sample that needs special ones.
 *
 * @typedef {object} World
 * @property {Record<string, string>} [files] of the repository
 * @property {Step[]} [powerShell] the scripts of the pipeline in PowerShell, in their order
 * @property {(keeper: Keeper) => Promise<AgentOptions>} [arrange] what the agent gets in addition
 */

const TASK = 'ksmazpipelinetask@1';
export const NOW = '2005-03-18T01:58:31Z';

/** A company's authority, whose certificate is in the agent's folder. */
export const companyAuthority = makeAuthority('Company CA');

/** Records of the second Keeper only. */
const OTHER_VAULT = [{ title: 'Billing', fields: [{ type: 'password', value: ['b1lling-p4ssw0rd'] }] }];

/**
 * Runs a pipeline, every step of which has to succeed.
 *
 * @param {import('node:test').TestContext} t
 * @param {any} pipeline as it was read
 * @param {World} world
 * @returns {Promise<{ log: string[], warnings: string[], calls: string[] }>} calls: of other programs, with arguments and input
 */
export async function runPipeline(t, pipeline, { files = {}, powerShell = [], arrange = async () => ({}) }) {
  const keeper = await openKeeper(t, { holds: guideVault() });
  const other = await openKeeper(t, { holds: OTHER_VAULT });
  const place = preparePlace(t, files);
  const options = await arrange(keeper);
  const endpoints = Object.fromEntries(
    [
      ['keeper-production', keeper],
      ['keeper-eu', keeper],
      ['keeper-us', other],
    ].map(([name, { configBase64 }]) => [name, { scheme: 'Token', parameters: { apitoken: configBase64 } }]),
  );
  /** Output variables by the expression with which other jobs refer to them. @type {Map<string, string>} */
  const outputs = new Map();
  const log = [];
  const warnings = [];
  const inPowerShell = powerShell.values();
  let count = 0;
  for (const { stage, job, isDeployment, steps, variables } of jobsOf(pipeline)) {
    const known = new Map([
      ['Agent.TempDirectory', place.temp],
      ['Agent.HomeDirectory', place.home],
      ['secret_config', keeper.configBase64],
    ]);
    for (const [name, expression] of Object.entries(variables))
      known.set(name, outputOf(expression, outputs));
    let later = {};
    /** The variables that Azure's own task set. @type {Record<string, string>} */
    const keyVault = {};
    for (const step of steps) {
      if (step.checkout === 'self') continue;
      if (step.script !== undefined) {
        runScript(step, known, later, place);
        const sameInPowerShell = inPowerShell.next().value;
        if (sameInPowerShell) runPowerShell(sameInPowerShell, known, later, place);
        continue;
      }
      if (step.pwsh !== undefined) {
        runPowerShell(step, known, later, place);
        continue;
      }
      if (step.task === 'AzureKeyVault@2') {
        keyVault[step.inputs.SecretsFilter] = keeper.configBase64;
        continue;
      }
      assert.equal(step.task, TASK);
      const run = await runWithKeeper(t, {
        keeper,
        secrets: [],
        now: NOW,
        agent: {
          ...options,
          stepName: step.name,
          sourcesFolder: place.sources,
          tempFolder: place.temp,
          inputs: { keepersecretconfig: '', ...step.inputs },
          variables: { 'Agent.HomeDirectory': place.home, ...options.variables },
          secretVariables: { secret_config: keeper.configBase64, ...keyVault, ...options.secretVariables },
          environment: expandAll(step.env, known),
          endpoints,
        },
      });
      assert.deepEqual(errorsOf(run), []);
      const neutral = (line) => line.replaceAll(place.temp, '/agent/_work/_temp');
      log.push(...run.log.map(neutral));
      warnings.push(...warningsOf(run).map(neutral));
      later = { ...later, ...run.laterEnvironment };
      for (const [name, { value }] of Object.entries(run.variables)) known.set(name, value);
      for (const [name, { value }] of Object.entries(run.outputs)) {
        known.set(`${step.name}.${name}`, value);
        // With the strategy `runOnce`, outputs of a deployment job also have the job's name.
        const output = `${isDeployment ? `${job}.` : ''}${step.name}.${name}`;
        outputs.set(`dependencies.${job}.outputs['${output}']`, value);
        outputs.set(`stageDependencies.${stage}.${job}.outputs['${output}']`, value);
      }
      count += 1;
    }
  }
  assert.ok(count > 0, 'no step of the task');
  return { log, warnings, calls: place.calls() };
}

/** The jobs of a pipeline, which may consist of steps, jobs or stages, or be a list of steps. */
function jobsOf(pipeline) {
  const { stages = [{}], jobs, steps, ...rest } = Array.isArray(pipeline) ? { steps: pipeline } : pipeline;
  assert.deepEqual(
    Object.keys(rest).filter((name) => !['schedules', 'pool'].includes(name)),
    [],
  );
  return stages.flatMap(({ stage, jobs: own = jobs ?? [{ steps }], variables: ofStage = {} }) =>
    own.map(({ deployment, job = deployment, steps, strategy, variables }) => ({
      stage,
      job,
      isDeployment: deployment !== undefined,
      steps: steps ?? strategy.runOnce.deploy.steps,
      variables: { ...ofStage, ...variables },
    })),
  );
}

function outputOf(expression, outputs) {
  const value = outputs.get(expression.match(/^\$\[ (.*) \]$/)?.[1]);
  assert.ok(value, `no earlier step gives ${expression}`);
  return value;
}

/** An agent's folders with a repository, programs that only report how they are called, and their reports. */
function preparePlace(t, files) {
  const root = fs.mkdtempSync(join(tmpdir(), 'pipeline-'));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  const [sources, temp, home, programs] = ['s', '_temp', 'home', 'programs'].map((name) => join(root, name));
  const record = join(root, 'calls');
  const write = (path, text, mode) => {
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, text, { mode });
  };
  for (const [path, text] of Object.entries(files)) write(join(sources, path), text);
  write(join(home, 'company-ca.pem'), companyAuthority.caPem);
  write(record, '');
  const addProgram = (path) =>
    write(
      path,
      `#!/bin/sh\n{ printf '%s' "\${0##*/}"; printf ' [%s]' "$@"; printf ' <%s>\\036' "$(cat)"; } >> '${record}'\n`,
      0o755,
    );
  ['docker', 'ssh'].forEach((name) => addProgram(join(programs, name)));
  fs.mkdirSync(sources, { recursive: true });
  return {
    sources,
    temp,
    home,
    programs,
    addScript: (name) => addProgram(join(sources, name)),
    /** A script that accepts everything and does nothing. */
    addPowerShellScript: (name) => write(join(sources, name), '$null = @($input)\n'),
    /** Does something without recording its calls. */
    unrecorded: (work) => {
      const before = fs.readFileSync(record);
      work();
      fs.writeFileSync(record, before);
    },
    calls: () =>
      fs
        .readFileSync(record, 'utf8')
        .replaceAll(temp, '/agent/_work/_temp')
        .replaceAll(/ \[\]| <>/g, '')
        .split('\x1e')
        .filter(Boolean),
  };
}

/** Runs a script as the agent does; on Windows, which has another shell, this only checks its variables. */
function runScript({ script, env, ...rest }, known, later, place) {
  assert.deepEqual(
    Object.keys(rest).filter((name) => !['condition', 'displayName'].includes(name)),
    [],
  );
  const expanded = expandMacros(script, (name) => known.get(name));
  const added = expandAll(env, known);
  assert.doesNotMatch(expanded, /\$\([\w.]+\)/, 'used, but not set');
  if (isWindows) return;
  for (const [, name] of script.matchAll(/\.\/([\w-]+\.sh)/g)) place.addScript(name);
  const path = [place.programs, process.env.PATH].join(delimiter);
  const { status, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-e', '-u', '-c', expanded], {
    cwd: place.sources,
    env: { ...later, ...added, PATH: path },
    input: '',
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
}

const hasPowerShell = spawnSync('pwsh', ['-NoProfile', '-Command', 'exit 0']).status === 0;

/**
 * Checks the variables of a script in PowerShell, and runs it if PowerShell is available; not on Windows, where it
 * would find programs other than those of the test.
 */
function runPowerShell({ pwsh, env, ...rest }, known, later, place) {
  assert.deepEqual(
    Object.keys(rest).filter((name) => !['condition', 'displayName'].includes(name)),
    [],
  );
  const expanded = expandMacros(pwsh, (name) => known.get(name));
  const added = expandAll(env, known);
  assert.doesNotMatch(expanded, /\$\([\w.]+\)/, 'used, but not set');
  const used = [...pwsh.matchAll(/\$env:(\w+)/g)].map(([, name]) => name);
  assert.deepEqual(
    used.filter((name) => !(name in added) && !(name in later)),
    [],
    'not in the environment',
  );
  assert.doesNotMatch(pwsh, /\\\n|\bprintf\b|\.sh\b(?! *$)/m, 'for another shell');
  if (isWindows || !hasPowerShell) return;
  for (const [, name] of pwsh.matchAll(/\.\/([\w-]+\.ps1)/g)) place.addPowerShellScript(name);
  const path = [place.programs, process.env.PATH].join(delimiter);
  const strict = "$ErrorActionPreference = 'Stop'\nSet-StrictMode -Version Latest\n";
  place.unrecorded(() => {
    const { status, stderr } = spawnSync(
      'pwsh',
      ['-NoProfile', '-NonInteractive', '-Command', strict + expanded],
      {
        cwd: place.sources,
        env: { ...later, ...added, PATH: path, HOME: place.home },
        input: '',
        encoding: 'utf8',
      },
    );
    assert.equal(status, 0, stderr);
  });
}

/** @param {Record<string, string>} [env] @param {Map<string, string>} [known] */
function expandAll(env = {}, known = new Map()) {
  return Object.fromEntries(
    Object.entries(env).map(([name, text]) => {
      const value = expandMacros(text, (variable) => known.get(variable));
      assert.doesNotMatch(value, /\$\([\w.]+\)/, `${name} uses what is not set`);
      return [name, value];
    }),
  );
}
