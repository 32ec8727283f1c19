// What the post-job step does with the files that the task wrote.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runTask } from '../agent/agent.js';
import { withoutLinks } from '../platform.js';
import { openKeeper, runWithKeeper, taskFolder, warningsOf } from './packed-task.js';

const HOLDS = [{ title: 'Database', fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }] }];
const toFile = (path) => `Database/field/password > file:${path}`;

/**
 * Runs the task, whatever happens in between, and the post-job step.
 *
 * @param {import('node:test').TestContext} t
 * @param {string[]} secrets
 * @param {{ inputs?: Record<string, string>, between?: (folder: string) => void }} [options]
 */
async function runJob(t, secrets, { inputs = {}, between = () => {} } = {}) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'clean-up-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const keeper = await openKeeper(t, { holds: HOLDS });
  const agent = { sourcesFolder: folder, inputs };
  const main = await runWithKeeper(t, { keeper, secrets, agent });
  assert.equal(main.result, 'Succeeded');
  between(folder);

  const post = await runTask({
    taskFolder,
    section: 'postjobexecution',
    sourcesFolder: folder,
    tempFolder: main.folders.temp,
    taskVariables: main.taskVariables,
    debug: true,
  });
  t.after(post.cleanUp);
  assert.equal(post.result, 'Succeeded');
  assert.equal(post.exitCode, 0);
  assert.equal(post.completions.length, 1);
  assert.deepEqual(post.droppedCommands, []);
  return { main, post, folder };
}

const printed = (run) => run.log.filter((line) => !line.startsWith('##'));

test('a file in the working directory is removed when the job ends, and its folder stays', async (t) => {
  const { post, folder } = await runJob(t, [toFile('a/password.txt')]);
  assert.deepEqual(printed(post), [`Removed ${join(folder, 'a', 'password.txt')}`]);
  assert.deepEqual(post.issues, []);
  assert.deepEqual(fs.readdirSync(folder, { recursive: true }), ['a']);
});

test('a file in the temporary folder is left to the agent', async (t) => {
  const { main, post } = await runJob(t, [toFile('$(Agent.TempDirectory)/password.txt')]);
  assert.deepEqual(main.taskVariables, {});
  assert.deepEqual(
    post.log.filter((line) => !line.startsWith('##[debug]')),
    [],
  );
  assert.ok(fs.existsSync(join(main.folders.temp, 'password.txt')));
});

test('a file that was changed since stays, with a warning', async (t) => {
  const { post, folder } = await runJob(t, [toFile('password.txt')], {
    between: (folder) => fs.appendFileSync(join(folder, 'password.txt'), 'x'),
  });
  assert.deepEqual(warningsOf(post), [
    `${join(folder, 'password.txt')} was changed since the task wrote it, so it stays`,
  ]);
  assert.deepEqual(fs.readdirSync(folder), ['password.txt']);
});

test(
  'a link in the place of a file stays, and so does what it points to',
  { skip: withoutLinks },
  async (t) => {
    const { post, folder } = await runJob(t, [toFile('password.txt')], {
      between: (folder) => {
        fs.renameSync(join(folder, 'password.txt'), join(folder, 'moved.txt'));
        fs.symlinkSync('moved.txt', join(folder, 'password.txt'));
      },
    });
    assert.deepEqual(post.issues, []);
    assert.deepEqual(fs.readdirSync(folder).sort(), ['moved.txt', 'password.txt']);
  },
);

test('a file that is gone already is no matter', async (t) => {
  const { post } = await runJob(t, [toFile('password.txt')], {
    between: (folder) => fs.rmSync(join(folder, 'password.txt')),
  });
  assert.deepEqual(post.issues, []);
  assert.deepEqual(printed(post), []);
});

test('files stay when the author wants to keep them', async (t) => {
  const { folder } = await runJob(t, [toFile('password.txt')], { inputs: { keepFiles: 'true' } });
  assert.deepEqual(fs.readdirSync(folder), ['password.txt']);
});

test('without a main step there is nothing to do', async (t) => {
  const post = await runTask({ taskFolder, section: 'postjobexecution' });
  t.after(post.cleanUp);
  assert.equal(post.result, 'Succeeded');
  assert.deepEqual(post.log, []);
});

test('a file that cannot be reached is told, and the step goes on', { skip: withoutLinks }, async (t) => {
  const { post, folder } = await runJob(t, [toFile('a/password.txt'), toFile('b.txt')], {
    between: (folder) => {
      fs.rmSync(join(folder, 'a'), { recursive: true });
      fs.symlinkSync('a', join(folder, 'a'));
    },
  });
  assert.deepEqual(warningsOf(post), [
    `could not remove ${folder}/a/password.txt (ELOOP); remove it by hand, it holds a secret`,
  ]);
  assert.deepEqual(printed(post), [`Removed ${join(folder, 'b.txt')}`]);
});

test('a note of the main step that cannot be read is as good as none', async (t) => {
  const post = await runTask({
    taskFolder,
    section: 'postjobexecution',
    taskVariables: { ksmFiles: 'no JSON' },
  });
  t.after(post.cleanUp);
  assert.equal(post.result, 'Succeeded');
  assert.deepEqual(post.log, []);
});
