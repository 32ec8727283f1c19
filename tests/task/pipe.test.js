// The pipe from the task to the agent can be slow or break, and the task may wait for what never comes. Even then,
// everything is set and written, or nothing.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runTask } from '../agent/agent.js';
import { REPORT, errorsOf, isSettled, openKeeper, runWithKeeper, taskFolder } from './packed-task.js';

const skip = process.platform === 'win32' && 'it takes pipes of Unix';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

const AT_A_POINT = fileURLToPath(new URL('at-a-point.cjs', import.meta.url));
const PASSWORD = 's3cr3t-p4ssw0rd';
const HOLDS = [
  {
    title: 'Database',
    fields: [{ type: 'password', value: [PASSWORD] }],
    custom: [{ type: 'text', label: 'long', value: ['x1y2z3w4'.repeat(125)] }],
    files: [{ name: 'large.bin', bytes: 100_000 }],
  },
];
const FILES = ['Database/field/password > file:new/password.txt', 'Database/field/password > file:old.txt'];
const BEFORE = ['new', 'old.txt: as it was'];

/** @param {import('node:test').TestContext} t */
function makeFolder(t) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'pipe-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.mkdirSync(join(folder, 'new'));
  fs.writeFileSync(join(folder, 'old.txt'), 'as it was');
  return folder;
}

function listing(folder) {
  const names = fs.readdirSync(folder, { recursive: true }).map(String).sort();
  const content = (name) => `${name}: ${fs.readFileSync(join(folder, name), 'utf8')}`;
  return names.map((name) => (fs.statSync(join(folder, name)).isDirectory() ? name : content(name)));
}

describe('an agent that is gone', { concurrency: 2, skip }, () => {
  const MOMENTS = {
    'when the step begins': '##vso[task.setsecret]',
    'when the files are announced': '##vso[task.settaskvariable',
    'while variables are set': '##vso[task.setvariable variable=V_100',
  };
  for (const [when, words] of Object.entries(MOMENTS)) {
    test(`${when} gets no step that succeeds, and no file is left`, async (t) => {
      const folder = makeFolder(t);
      const keeper = await openKeeper(t, { holds: HOLDS });
      // More than a pipe can buffer.
      const variables = Array.from(
        { length: 400 },
        (_, index) => `Database/custom_field/long > var:V_${index}`,
      );
      const run = await runWithKeeper(t, {
        keeper,
        secrets: [...FILES, ...variables],
        agent: {
          sourcesFolder: folder,
          onStart: (child) =>
            child.stdout?.on('data', (chunk) => {
              if (String(chunk).includes(words)) child.stdout?.destroy();
            }),
        },
      });
      assert.equal(run.exitCode, 1);
      assert.deepEqual(listing(folder), BEFORE);
      assert.deepEqual(run.files, []);
    });
  }
});

describe('an agent that is slow', { concurrency: 2, skip }, () => {
  for (const [when, isSeen] of Object.entries({
    'after the files have their names': (folder) =>
      fs.readFileSync(join(folder, 'old.txt'), 'utf8') === PASSWORD,
    'while the records are asked for': () => true,
  })) {
    test(`gets all variables or none when it cancels ${when}`, async (t) => {
      const folder = makeFolder(t);
      /** @type {ChildProcess | undefined} */
      let child;
      const cancel = () => {
        child?.kill('SIGINT');
        child?.kill('SIGTERM');
        child?.stdout?.resume();
      };
      const keeper = await openKeeper(t, {
        holds: HOLDS,
        faults: () => {
          if (when.startsWith('while')) cancel();
          return undefined;
        },
      });
      const variables = Array.from(
        { length: 400 },
        (_, index) => `Database/custom_field/long > var:V_${index}`,
      );
      const watcher = fs.watch(folder, () => {
        if (when.startsWith('after') && isSeen(folder)) cancel();
      });
      t.after(() => watcher.close());
      const run = await runWithKeeper(t, {
        keeper,
        secrets: [...FILES, ...variables],
        agent: {
          sourcesFolder: folder,
          onStart(started) {
            child = started;
            /** @param {Buffer} chunk */
            const pauseOnce = (chunk) => {
              if (!String(chunk).includes('##vso[task.settaskvariable')) return;
              child?.stdout?.off('data', pauseOnce).pause();
            };
            child.stdout?.on('data', pauseOnce);
          },
        },
      });
      const count = run.commands.filter(({ event }) => event === 'setvariable').length;
      if (when.startsWith('after')) {
        assert.equal(count, 400);
        assert.equal(run.result, 'Succeeded');
        const post = await runTask({
          taskFolder,
          section: 'postjobexecution',
          sourcesFolder: folder,
          tempFolder: run.folders.temp,
          taskVariables: run.taskVariables,
        });
        t.after(post.cleanUp);
        assert.deepEqual(post.issues, []);
      } else {
        assert.equal(count, 0);
        assert.deepEqual(errorsOf(run), ['the task was cancelled; nothing was set']);
        assert.equal(isSettled(run), true);
      }
      assert.deepEqual(listing(folder), BEFORE);
    });
  }
});

test('a run that waits for what cannot come fails, and takes back what it wrote', async (t) => {
  const folder = makeFolder(t);
  const keeper = await openKeeper(t, { holds: HOLDS });
  const run = await runWithKeeper(t, {
    keeper,
    secrets: [...FILES, 'Database/file/large.bin > file:new/large.bin'],
    agent: {
      sourcesFolder: folder,
      nodeArguments: ['--require', AT_A_POINT],
      environment: {
        AT_POINT: JSON.stringify([{ call: 'fsync', count: 1, never: true }]),
        AT_POINT_FOLDER: folder,
      },
    },
  });
  assert.deepEqual(errorsOf(run), [
    `the task was waiting for something that can no longer happen; nothing was set\nhint: ${REPORT}`,
  ]);
  assert.equal(run.result, 'Failed');
  assert.deepEqual(listing(folder), BEFORE);
  assert.equal(isSettled(run), true);
});
