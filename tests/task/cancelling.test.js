// The agent cancels a step with SIGINT and then SIGTERM, and waits only a few seconds.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withoutSignals } from '../platform.js';
import { errorsOf, isSettled, openKeeper, runWithKeeper } from './packed-task.js';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

const HOLDS = [
  {
    title: 'Database',
    fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }],
    files: [{ name: 'large.bin', bytes: 64 * 1024 * 1024 }],
  },
];
const LINES = [
  'Database/field/password > var:DB_PASSWORD',
  'Database/field/password > file:folder/password.txt',
  'Database/file/large.bin > file:folder/large.bin',
];
const MAX_MS = 2_000;
const AT_A_POINT = fileURLToPath(new URL('at-a-point.cjs', import.meta.url));

for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM'])) {
  describe(`${signal} ends the task with nothing set`, { skip: withoutSignals }, () => {
    test('while a request has no answer', (t) =>
      assertCancelled(t, ({ cancel }) => ({
        faults: () => {
          cancel(signal);
          return { hang: true };
        },
      })));

    test('while it waits because Keeper throttles', (t) =>
      assertCancelled(t, ({ cancel }) => ({
        faults: [{ throttled: true }],
        onLine: (line) => line.startsWith('Keeper throttles') && cancel(signal),
      })));

    test('while an attachment has not begun to come', (t) =>
      assertCancelled(t, ({ cancel }) => ({
        faults: ({ fileUid }) => {
          if (fileUid === undefined) return undefined;
          cancel(signal);
          return { hang: true };
        },
      })));

    test('while an attachment is being written', (t) =>
      assertCancelled(t, ({ cancel, folder }) => {
        const watcher = fs.watch(join(folder, 'folder'), (_, name) => {
          if (sizeOf(join(folder, 'folder', String(name))) > 0) cancel(signal);
        });
        t.after(() => watcher.close());
        // The rest comes so slowly that the task can't have finished by itself.
        return { faults: [{ on: 'download', trickle: { bytes: 100_000, everyMs: 20 } }] };
      }));
  });
}

test(
  'a signal that comes while the core computes is heard before anything is set',
  { skip: withoutSignals },
  async (t) => {
    const keeper = await openKeeper(t, { holds: HOLDS });
    const run = await runWithKeeper(t, {
      keeper,
      secrets: LINES.slice(0, 1),
      agent: {
        nodeArguments: ['--require', AT_A_POINT],
        environment: { AT_POINT: JSON.stringify([{ call: 'compute', count: 1, signal: 'SIGINT' }]) },
      },
    });
    assert.deepEqual(errorsOf(run), ['the task was cancelled; nothing was set']);
    assert.deepEqual(run.variables, {});
  },
);

/**
 * @param {import('node:test').TestContext} t
 * @param {(control: { cancel: (signal: NodeJS.Signals) => void, folder: string }) =>
 *         { faults: import('../keeper/faults.js').Faults, onLine?: (line: string) => void }} arrange
 */
async function assertCancelled(t, arrange) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'cancelling-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.mkdirSync(join(folder, 'folder'));

  /** @type {ChildProcess | undefined} */
  let child;
  let cancelledAt = 0;
  const cancel = (signal) => {
    cancelledAt ||= performance.now();
    child?.kill(signal);
  };
  const { faults, onLine } = arrange({ cancel, folder });
  const keeper = await openKeeper(t, { holds: HOLDS, faults });
  const run = await runWithKeeper(t, {
    keeper,
    secrets: LINES,
    agent: { sourcesFolder: folder, onLine, onStart: (started) => (child = started) },
  });
  const tookMs = performance.now() - cancelledAt;

  assert.notEqual(cancelledAt, 0);
  assert.ok(tookMs < MAX_MS, `it took ${Math.round(tookMs)} ms`);
  assert.deepEqual(errorsOf(run), ['the task was cancelled; nothing was set']);
  assert.deepEqual(run.completions, [{ result: 'Failed', message: 'the task failed; see its errors' }]);
  assert.equal(run.exitCode, 0);
  assert.equal(
    run.commands.some(({ event }) => event === 'setvariable'),
    false,
  );
  assert.deepEqual(fs.readdirSync(folder, { recursive: true }), ['folder']);
  assert.deepEqual(run.files, []);
  assert.equal(isSettled(run), true);
}

/** The size of a file, which may be gone already. */
const sizeOf = (path) => fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0;
