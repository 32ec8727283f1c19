// A cancelled job closes connections at once, in whatever phase they are.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { withoutSignals } from '../platform.js';
import { runIn } from './world.js';

const CANCELLED = [['error', 'the task was cancelled; nothing was set']];
const MAX_MS = 2_000;

describe('a cancelled job ends at once', { skip: withoutSignals }, () => {
  test('while a server does not begin TLS', (t) =>
    assertCancelled(t, (cancel) => ({
      server: (socket) => {
        cancel();
        return once(socket, 'close');
      },
    })));

  test('while a proxy does not answer', (t) =>
    assertCancelled(t, (cancel) => ({
      proxy: { faults: () => (cancel(), { hang: true }) },
      agent: ({ proxy }) => ({ variables: { 'Agent.ProxyUrl': proxy.url } }),
    })));

  test('while nothing comes through a tunnel', (t) =>
    assertCancelled(t, (cancel) => ({
      proxy: { faults: () => (cancel(), { dead: true }) },
      agent: ({ proxy }) => ({ variables: { 'Agent.ProxyUrl': proxy.url } }),
    })));

  test('while an answer does not go on', (t) =>
    assertCancelled(t, (cancel) => ({ faults: [{ hangAfter: 100, onSilence: cancel }] })));

  test('while it waits for another try', (t) =>
    assertCancelled(t, (cancel) => ({
      faults: [{ status: 503, headers: { 'retry-after': '60' } }],
      agent: () => ({ onLine: (line) => line.endsWith('trying again') && cancel() }),
    })));
});

/**
 * @param {import('node:test').TestContext} t
 * @param {(cancel: () => void) => import('./world.js').Setting} arrange
 */
async function assertCancelled(t, arrange) {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let task;
  let cancelledAt = 0;
  const setting = arrange(() => {
    cancelledAt ||= performance.now();
    task?.kill('SIGINT');
  });
  const { run } = await runIn(t, {
    ...setting,
    agent: (world) => ({
      ...setting.agent?.(world),
      // These tests run in real time.
      nodeArguments: [],
      onStart: (child) => (task = child),
    }),
  });
  const tookMs = performance.now() - cancelledAt;
  assert.notEqual(cancelledAt, 0, run.log.join('\n'));
  assert.ok(tookMs < MAX_MS, `it took ${Math.round(tookMs)} ms`);
  assert.deepEqual(
    run.issues.map(({ type, message }) => [type, message]),
    CANCELLED,
  );
  assert.deepEqual(run.completions, [{ result: 'Failed', message: 'the task failed; see its errors' }]);
  assert.deepEqual([run.variables, run.exitCode], [{}, 0]);
}
