// How long a request may make no progress in each phase.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress } from '../../task/network/progress.js';

/**
 * A progress and a way to let seconds pass in it.
 *
 * @param {import('node:test').TestContext} t
 * @param {number} [timeoutMs]
 * @param {number} [silenceMs]
 */
function setOut(t, timeoutMs, silenceMs = 30_000) {
  let tick = () => {};
  let isOver = false;
  t.mock.method(globalThis, 'setInterval', (callback) => void (tick = callback));
  const progress = new Progress({ timeoutMs, silenceMs }, () => (isOver = true));
  t.mock.restoreAll();
  return {
    progress,
    /** Whether it is given up after so many seconds. */
    pass(seconds) {
      for (let left = seconds; left > 0 && !isOver; left--) tick();
      return isOver;
    },
  };
}

for (const [phase, seconds, code] of /** @type {const} */ ([
  ['name', 15, 'NAME_TIMEOUT'],
  ['connect', 15, 'CONNECT_TIMEOUT'],
  ['tunnel', 30, 'TUNNEL_TIMEOUT'],
  ['tls', 15, 'TLS_TIMEOUT'],
  ['answer', 30, 'ANSWER_TIMEOUT'],
  ['body', 30, 'BODY_TIMEOUT'],
])) {
  test(`the phase ${phase} may take ${seconds} s, from its own beginning`, (t) => {
    const { progress, pass } = setOut(t);
    pass(10);
    progress.enter(phase);
    assert.equal(pass(seconds - 1), false);
    assert.equal(pass(1), true);
    assert.deepEqual([progress.timeout, progress.isOutOfTime], [code, false]);
  });
}

test('a server may be silent as long as the core says, and connecting may not', (t) => {
  const { progress, pass } = setOut(t, undefined, 300_000);
  progress.enter('answer');
  assert.equal(pass(299), false);
  progress.enter('body');
  assert.equal(pass(299), false);
  progress.enter('tunnel');
  assert.equal(pass(30), true);
});

test('a body may go on as long as it brings 16 KiB in 30 s', (t) => {
  const { progress, pass } = setOut(t);
  progress.enter('body');
  for (let round = 0; round < 100; round++) {
    progress.receive(16 * 1024);
    assert.equal(pass(30), false);
  }
  progress.receive(16 * 1024 - 1);
  assert.equal(pass(30), true);
});

test('time that goes by on our side is not counted as silence', async (t) => {
  const { progress, pass } = setOut(t);
  progress.enter('body');
  let finish = () => {};
  const work = progress.holdUp(new Promise((resolve) => (finish = () => resolve(undefined))));
  assert.equal(pass(1_000), false);
  finish();
  await work;
  assert.equal(pass(30), true);
});

test('the limit for the whole request ends it although data moves, and names the phase', (t) => {
  const { progress, pass } = setOut(t, 20_000);
  progress.enter('body');
  progress.receive(1_000_000);
  assert.equal(pass(19), false);
  assert.equal(pass(1), true);
  assert.deepEqual([progress.timeout, progress.isOutOfTime], ['BODY_TIMEOUT', true]);
});
