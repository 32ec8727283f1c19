// What may be published, and how a preview is tried out in a real organisation.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { execute } from '../../scripts/commands.js';
import { readIdentity } from '../../scripts/identity.js';
import { planPublication, tfxCommand } from '../../scripts/publish.js';
import { runSmokePipeline } from '../../scripts/smoke.js';

const OURS = { publisher: 'acme', repository: 'https://acme.test/r', support: 'https://acme.test/s' };
const ours = (variant) => ({ ...readIdentity(variant), ...OURS });
const plan = (wanted, version = '1.2.3') => planPublication(wanted, version, ours);

test('the preview of a build is shared with one organisation', () => {
  const { vsix, shareWith } = plan({ preview: true, build: '45', shareWith: 'acme-test' });
  assert.equal(basename(vsix), 'acme.ksm-azure-pipelines-task-preview-1.2.45.vsix');
  assert.equal(shareWith, 'acme-test');
});

test('the release is that of its tag', () => {
  assert.equal(basename(plan({ tag: 'v1.2.3' }).vsix), 'acme.ksm-azure-pipelines-task-1.2.3.vsix');
  assert.throws(() => plan({ tag: 'v1.2.4' }), { message: 'the tag v1.2.4 is not that of version 1.2.3' });
});

test('half of what is needed publishes nothing', () => {
  for (const wanted of [
    {},
    { preview: true },
    { preview: true, build: '45' },
    { preview: true, shareWith: 'acme-test' },
    { preview: true, build: '0', shareWith: 'acme-test' },
    { preview: true, build: '45', shareWith: 'acme-test', tag: 'v1.2.3' },
    { tag: 'v1.2.3', shareWith: 'acme-test' },
    { build: '45' },
  ]) {
    assert.throws(() => plan(wanted), { message: 'it is not clear what to publish' }, JSON.stringify(wanted));
  }
});

test('placeholders are never published', () => {
  assert.throws(
    () => planPublication({ tag: 'v1.2.3' }, '1.2.3', (variant) => ({ ...ours(variant), ...PLACEHOLDERS })),
    {
      message: 'identity.json holds placeholders: publisher, repository',
    },
  );
});

const PLACEHOLDERS = { publisher: 'placeholder-publisher', repository: 'https://example.com/r' };

test('the smoke pipeline runs on the version that was published, once the organisation has it', async () => {
  const { asked, waited, outcome } = await smoke('succeeded');
  await outcome;
  const task = `acme.ksm-azure-pipelines-task-preview.ksm-task.ksmazpipelinetask@1.2.45`;
  const tasks = `_apis/distributedtask/tasks/${readIdentity('preview').taskId}?api-version=7.1`;
  assert.deepEqual(asked, [
    [tasks],
    [tasks],
    ['p/_apis/pipelines/7/runs?api-version=7.1', { templateParameters: { task } }],
    ['p/_apis/pipelines/7/runs/99?api-version=7.1'],
    ['p/_apis/pipelines/7/runs/99?api-version=7.1'],
  ]);
  assert.equal(waited.length, 2);
});

test('a smoke pipeline that does not succeed stops the release', async () => {
  for (const result of ['failed', 'canceled']) {
    const { outcome } = await smoke(result);
    await assert.rejects(outcome, { message: `the smoke pipeline ${result}` });
  }
});

test('a version that never comes is not waited for without end', async () => {
  const { outcome } = await smoke('succeeded', { version: '1.2.46' });
  await assert.rejects(outcome, { message: 'it did not come in time' });
});

/** An organisation that has the version at the second poll, and ends the run at the second poll. */
async function smoke(result, { version = '1.2.45' } = {}) {
  const [asked, waited] = [[], []];
  const answers = {
    tasks: [[], [{ version: { major: 1, minor: 2, patch: 45 } }]],
    runs: [{ state: 'inProgress' }, { state: 'completed', result }],
  };
  const next = (list) => (list.length > 1 ? list.shift() : list[0]);
  const ask = async (path, body) => {
    asked.push(body ? [path, body] : [path]);
    if (body) return { id: 99 };
    return path.includes('/tasks/') ? { value: next(answers.tasks) } : next(answers.runs);
  };
  const wait = async () => waited.push(1);
  const outcome = runSmokePipeline({
    ask,
    wait,
    project: 'p',
    pipeline: '7',
    version,
    identity: ours('preview'),
  });
  outcome.catch(() => {});
  return { asked, waited, outcome };
}

test('tfx gets its token, and its command line does not show it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tfx-'));
  const tfx = join(folder, 'tfx.js');
  writeFileSync(
    tfx,
    'console.log(JSON.stringify([process.argv.slice(2), process.env.MARKETPLACE_TOKEN ?? null]))',
  );
  const { args, env } = tfxCommand(tfx, ['extension', 'publish'], 't0k3n');
  assert.ok(!args.join(' ').includes('t0k3n'));
  const { stdout } = await execute(process.execPath, args, { output: 'hidden', env });
  rmSync(folder, { recursive: true });
  assert.deepEqual(JSON.parse(stdout), [['extension', 'publish', '--token', 't0k3n'], null]);
});
