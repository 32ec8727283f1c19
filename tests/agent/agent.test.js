import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { shownMode } from '../platform.js';
import { runTask } from './agent.js';
import { LOAD_TASK_LIBRARY, runScript, writeTask } from './fixture.js';

/** @typedef {import('./agent.js').Run} Run */

const PRINT_ENVIRONMENT = 'console.log(JSON.stringify({ env: process.env, cwd: process.cwd() }))';

/** @param {Run} run of PRINT_ENVIRONMENT */
function printed(run) {
  return JSON.parse(run.unmaskedOutput);
}

/** What Windows or Node adds to the environment of any process. */
function environmentOfAnyProcess() {
  const { PATH, HOME, SystemRoot, ...others } = JSON.parse(
    execFileSync(process.execPath, ['--print', 'JSON.stringify(process.env)'], {
      env: { PATH: '', HOME: '', SystemRoot: process.env.SystemRoot },
      encoding: 'utf8',
    }),
  );
  return others;
}

test('the task finds the environment of an agent and nothing else', async (t) => {
  process.env.LANG = 'de_DE.UTF-8';
  const run = await runScript(t, PRINT_ENVIRONMENT, {
    taskJson: {
      inputs: [{ name: 'keeperSecretConfig' }, { name: 'retries', defaultValue: '3' }, { name: 'empty' }],
    },
    inputs: { keepersecretconfig: ' $(ksm.config) ' },
    variables: { 'My.Public name': 'p' },
    secretVariables: { 'Ksm.Config': 's3cr3t' },
    environment: { NODE_EXTRA_CA_CERTS: '' },
    taskVariables: { ksmFiles: '[]' },
    endpoints: {
      'A-1': {
        url: 'https://example.invalid/',
        scheme: 'Token',
        parameters: { 'api.token': 't0k3n' },
        data: { k: 'v' },
      },
    },
    debug: true,
    allowMultilineSecret: true,
    agentOs: 'Linux',
  });
  const { env, cwd } = printed(run);
  const { sources, temp, work } = run.folders;
  assert.equal(cwd, sources);
  const { PATH, HOME, SystemRoot, VSTS_PUBLIC_VARIABLES, ...rest } = env;
  assert.equal(PATH, process.env.PATH);
  assert.deepEqual(rest, {
    ...environmentOfAnyProcess(),
    TF_BUILD: 'True',
    INPUT_KEEPERSECRETCONFIG: 's3cr3t',
    INPUT_RETRIES: '3',
    INPUT_EMPTY: '',
    AGENT_TEMPDIRECTORY: temp,
    AGENT_WORKFOLDER: work,
    AGENT_BUILDDIRECTORY: join(work, '1'),
    AGENT_VERSION: '4.273.0',
    AGENT_OS: 'Linux',
    SYSTEM_DEFAULTWORKINGDIRECTORY: sources,
    SYSTEM_HOSTTYPE: 'build',
    SYSTEM_CULTURE: 'en-US',
    SYSTEM_TASKINSTANCENAME: 'step',
    SYSTEM_DEBUG: 'true',
    SYSTEM_UNSAFEALLOWMULTILINESECRET: 'true',
    BUILD_SOURCESDIRECTORY: sources,
    MY_PUBLIC_NAME: 'p',
    SECRET_KSM_CONFIG: 's3cr3t',
    VSTS_SECRET_VARIABLES: '["Ksm.Config"]',
    VSTS_TASKVARIABLE_KSMFILES: '[]',
    'ENDPOINT_URL_a-1': 'https://example.invalid/',
    'ENDPOINT_AUTH_a-1': '{"parameters":{"api.token":"t0k3n"},"scheme":"Token"}',
    'ENDPOINT_AUTH_SCHEME_a-1': 'Token',
    'ENDPOINT_AUTH_PARAMETER_a-1_API_TOKEN': 't0k3n',
    'ENDPOINT_DATA_a-1': '{"k":"v"}',
    'ENDPOINT_DATA_a-1_K': 'v',
    NODE_EXTRA_CA_CERTS: '',
  });
  assert.ok(JSON.parse(VSTS_PUBLIC_VARIABLES).includes('My.Public name'));
  assert.equal(run.log.join('').includes('s3cr3t'), false);
  assert.equal(run.log.join('').includes('t0k3n'), false);
});

test('both streams are read, and text on stderr does not fail the step', async (t) => {
  const run = await runScript(
    t,
    `process.stderr.write('oops\\r##vso[task.setvariable variable=A]1\\n'); process.stdout.write('out');`,
  );
  assert.deepEqual([...run.log].sort(), ['oops', 'out']);
  assert.deepEqual(run.variables, { A: { value: '1', isSecret: false } });
  assert.equal(run.result, 'Succeeded');
  assert.equal(run.exitCode, 0);
  assert.equal(run.signal, null);
});

test('standard input is closed', async (t) => {
  const run = await runScript(t, `process.stdin.on('end', () => console.log('ended')).resume()`);
  assert.deepEqual(run.log, ['ended']);
});

test('an exit code fails a step that reported success', async (t) => {
  const run = await runScript(
    t,
    `console.log('##vso[task.complete result=Succeeded]ok'); process.exitCode = 7;`,
  );
  assert.equal(run.result, 'Failed');
  assert.equal(run.exitCode, 7);
  assert.deepEqual(run.completions, [{ result: 'Succeeded', message: 'ok' }]);
  assert.match(
    run.log[0],
    /^##\[error\]Exit code 7 returned from process: file name '.*', arguments '".*index\.js"'\.$/,
  );
});

test('a promise that never settles is a success, as on a real agent', async (t) => {
  const run = await runScript(t, `(async () => { await new Promise(() => {}); })();`);
  assert.equal(run.result, 'Succeeded');
  assert.deepEqual(run.completions, []);
});

test('lines are handed on as they come, and the child can be signalled', async (t) => {
  /** @type {string[]} */
  const seen = [];
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  const run = await runScript(t, `console.log('ready'); setInterval(() => {}, 1000);`, {
    onStart: (started) => (child = started),
    onLine: (line) => {
      seen.push(line);
      child?.kill('SIGINT');
    },
  });
  assert.deepEqual(seen.slice(0, 1), ['ready']);
  assert.deepEqual(seen, run.log);
  assert.equal(run.signal, 'SIGINT');
  assert.equal(run.exitCode, 130);
  assert.equal(run.result, 'Failed');
});

test('a task that does not end in time is ended and rejected with its log', async (t) => {
  const taskFolder = await writeTask(t, `console.log('waiting'); setInterval(() => {}, 1000);`);
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  await assert.rejects(
    runTask({ taskFolder, timeoutMs: 20, onStart: (started) => (child = started) }),
    /^Error: the task did not end within 20 ms; its log:\n/,
  );
  assert.equal(child?.killed, true);
});

test('a missing section is the fault of the caller', async (t) => {
  const taskFolder = await writeTask(t, '');
  await assert.rejects(runTask({ taskFolder, section: 'postjobexecution' }), {
    message: `${join(taskFolder, 'task.json')} has no target for postjobexecution.Node20_1`,
  });
});

test('a Node that cannot be started is the fault of the caller', async (t) => {
  const taskFolder = await writeTask(t, '');
  await assert.rejects(runTask({ taskFolder, nodePath: join(taskFolder, 'node') }), { code: 'ENOENT' });
});

test('what goes wrong in a listener ends the child and rejects', async (t) => {
  const taskFolder = await writeTask(t, `console.log('ready'); setInterval(() => {}, 1000);`);
  const onLine = () => assert.fail('seen enough');
  await assert.rejects(runTask({ taskFolder, onLine }), { message: 'seen enough' });
});

test('folders are fresh, and cleaning up removes them', async (t) => {
  const taskFolder = await writeTask(t, `require('fs').writeFileSync('a.txt', 'x')`);
  const run = await runTask({ taskFolder });
  assert.ok(existsSync(join(run.folders.sources, 'a.txt')));
  await run.cleanUp();
  for (const folder of Object.values(run.folders)) assert.equal(existsSync(folder), false);
});

test('folders of the caller are used and left alone', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'own-'));
  t.after(() => rm(folder, { recursive: true }));
  const taskFolder = await writeTask(t, `require('fs').writeFileSync('a.txt', 'x')`);
  const run = await runTask({ taskFolder, sourcesFolder: folder, tempFolder: folder, workFolder: folder });
  await run.cleanUp();
  assert.deepEqual(run.folders, { sources: folder, temp: folder, work: folder });
  assert.deepEqual(await readdir(folder), ['a.txt']);
});

test('without a sources folder the task runs in the work folder', async (t) => {
  const run = await runScript(t, PRINT_ENVIRONMENT, { sourcesFolderEmpty: true });
  assert.equal(printed(run).cwd, run.folders.work);
  assert.equal(printed(run).env.SYSTEM_DEFAULTWORKINGDIRECTORY, '');
});

test('files that the task wrote are listed with mode and size', async (t) => {
  const run = await runScript(
    t,
    `const fs = require('fs');
     fs.mkdirSync('keys');
     fs.writeFileSync('keys/id', 'abc', { mode: 0o600 });
     fs.writeFileSync(process.env.AGENT_TEMPDIRECTORY + '/t', '', { mode: 0o644 });`,
  );
  assert.deepEqual(run.files, [
    { path: join(run.folders.sources, 'keys', 'id'), mode: shownMode(0o600), size: 3 },
    { path: join(run.folders.temp, 't'), mode: shownMode(0o644), size: 0 },
  ]);
});

test('a later script finds public variables and no secrets', async (t) => {
  const run = await runScript(
    t,
    `console.log('##vso[task.setvariable variable=my.public name]1');
     console.log('##vso[task.setvariable variable=Kept;preservecase=true]2');
     console.log('##vso[task.setvariable variable=hidden;issecret=true]s3cr3t');
     console.log('##vso[task.setvariable variable=version;isoutput=true]3');
     console.log('##vso[task.setvariable variable=token;isoutput=true;issecret=true]t0k3n');
     console.log('##vso[task.setvariable variable=OLD]s3cr3t');`,
    { stepName: 'ksm', secretVariables: { old: 'before' } },
  );
  assert.deepEqual(run.laterEnvironment, { MY_PUBLIC_NAME: '1', Kept: '2', KSM_VERSION: '3' });
});

test('task variables of one section reach the next', async (t) => {
  const script = `${LOAD_TASK_LIBRARY} tl.setTaskVariable('ksmFiles', '["a"]', true);`;
  const { taskVariables, unmaskedOutput } = await runScript(t, script);
  assert.match(
    unmaskedOutput,
    /^##vso\[task\.settaskvariable variable=ksmFiles;issecret=true;\]\["a"\]\r?$/m,
  );
  assert.deepEqual(taskVariables, { ksmFiles: { value: '["a"]', isSecret: true } });

  const run = await runScript(t, `${LOAD_TASK_LIBRARY} console.log(tl.getTaskVariable('ksmFiles'));`, {
    taskVariables,
  });
  assert.deepEqual(run.log, ['***']);
});

test('the task library and the agent agree on inputs, variables and results', async (t) => {
  const run = await runScript(
    t,
    `${LOAD_TASK_LIBRARY}
     const secret = tl.getInput('secret', true);
     tl.setSecret(secret);
     tl.setVariable('x y', 'va%l]ue;\\r\\n2');
     tl.setVariable('a;b]c', secret, true);
     tl.setVariable('O', secret, true, true);
     tl.setVariable('E', '', true);
     console.log('printed', secret, tl.getVariable('Public'), tl.getVariable('ksm.config'));
     tl.setResult(tl.TaskResult.SucceededWithIssues, 'see ' + secret);
     tl.setResult(tl.TaskResult.Succeeded, '');`,
    {
      taskJson: { inputs: [{ name: 'secret' }] },
      inputs: { secret: 'p%w];##vso[' },
      variables: { public: 'p' },
      secretVariables: { 'ksm.config': 'c0nf1g' },
    },
  );
  const secret = 'p%w];##vso[';
  assert.deepEqual(run.variables, {
    'x y': { value: 'va%l]ue;\r\n2', isSecret: false },
    'a;b]c': { value: secret, isSecret: true },
    E: { value: '', isSecret: true },
  });
  assert.deepEqual(run.outputs, { O: { value: secret, isSecret: true } });
  assert.deepEqual(run.masks, [secret]);
  assert.deepEqual(run.maskedBeforeUse, []);
  assert.equal(run.result, 'SucceededWithIssues');
  assert.deepEqual(run.completions, [
    { result: 'SucceededWithIssues', message: `see ${secret}` },
    { result: 'Succeeded', message: '' },
  ]);
  const keyword = "contains logging command keyword '##vso', but it's not a legal command.";
  assert.deepEqual(run.log, [
    // The value puts `##vso[` into a plain line, about which the agent complains.
    `##[warning]'printed *** p ***' ${keyword}`,
    'printed *** p ***',
    '##[warning]see ***',
  ]);
  assert.deepEqual(run.issues[1], { type: 'warning', message: 'see ***', rawMessage: `see ${secret}` });
});

test('in debug mode the log shows what the task library prints before a mask is set', async (t) => {
  const script = `${LOAD_TASK_LIBRARY} tl.setSecret(tl.getInput('config'));`;
  const run = await runScript(t, script, { inputs: { config: 's3cr3t' }, debug: true });
  assert.deepEqual(run.log.slice(-2), [
    '##[debug]config=s3cr3t',
    '##[debug]Processed: ##vso[task.setsecret]***',
  ]);
});

test('the task library refuses a secret of several lines unless the knob is set', async (t) => {
  const script = `${LOAD_TASK_LIBRARY} tl.setVariable('K', 'a\\nb', true);`;
  const refused = await runScript(t, script);
  assert.equal(refused.result, 'Failed');
  assert.equal(refused.issues[0].message, 'Unhandled: Secrets cannot contain multiple lines');
  assert.deepEqual(refused.variables, {});

  const allowed = await runScript(t, script, { allowMultilineSecret: true });
  assert.equal(allowed.result, 'Succeeded');
  assert.deepEqual(allowed.variables, { K: { value: 'a\nb', isSecret: true } });
});

test('the result Cancelled of the task library fails the step', async (t) => {
  const run = await runScript(t, `${LOAD_TASK_LIBRARY} tl.setResult(tl.TaskResult.Cancelled, 'stopped');`);
  assert.equal(run.result, 'Failed');
  assert.deepEqual(run.completions, [{ result: 'Cancelled', message: 'stopped' }]);
});

test('the restrictions of task.json hold', async (t) => {
  const run = await runScript(
    t,
    `${LOAD_TASK_LIBRARY} tl.uploadSummary('/tmp/x.md'); tl.setVariable('A', '1'); tl.setVariable('B', '2');`,
    {
      taskJson: { restrictions: { commands: { mode: 'restricted' }, settableVariables: { allowed: ['A'] } } },
    },
  );
  assert.deepEqual(
    run.droppedCommands.map(({ event }) => event),
    ['uploadsummary', 'setvariable'],
  );
  assert.deepEqual(run.variables, { A: { value: '1', isSecret: false } });
});

test('a secret of 200 KB passes through unharmed', async (t) => {
  const run = await runScript(t, `${LOAD_TASK_LIBRARY} tl.setVariable('BIG', '🔑%'.repeat(30000), true);`);
  assert.equal(run.variables.BIG.value, '🔑%'.repeat(30000));
});
