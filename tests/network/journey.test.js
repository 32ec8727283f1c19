// For how long a request may stand still on each leg of its way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Journey } from '../../task/journey.js';

/**
 * A journey and a way to let seconds pass in it.
 *
 * @param {import('node:test').TestContext} t
 * @param {number} [timeoutMs]
 */
function setOut(t, timeoutMs) {
  let tick = () => {};
  let isOver = false;
  t.mock.method(globalThis, 'setInterval', (callback) => void (tick = callback));
  const journey = new Journey(timeoutMs, () => (isOver = true));
  t.mock.restoreAll();
  return {
    journey,
    /** Whether it is given up after so many seconds. */
    pass(seconds) {
      for (let left = seconds; left > 0 && !isOver; left--) tick();
      return isOver;
    },
  };
}

for (const [leg, seconds, code] of /** @type {const} */ ([
  ['name', 15, 'NAME_TIMEOUT'],
  ['connect', 15, 'CONNECT_TIMEOUT'],
  ['tunnel', 30, 'TUNNEL_TIMEOUT'],
  ['tls', 15, 'TLS_TIMEOUT'],
  ['answer', 30, 'ANSWER_TIMEOUT'],
  ['body', 30, 'BODY_TIMEOUT'],
])) {
  test(`the leg ${leg} may take ${seconds} s, from its own beginning`, (t) => {
    const { journey, pass } = setOut(t);
    pass(10);
    journey.enter(leg);
    assert.equal(pass(seconds - 1), false);
    assert.equal(pass(1), true);
    assert.deepEqual([journey.timeout, journey.isOutOfTime], [code, false]);
  });
}

test('a body may go on as long as it brings 16 KiB in 30 s', (t) => {
  const { journey, pass } = setOut(t);
  journey.enter('body');
  for (let round = 0; round < 100; round++) {
    journey.progress(16 * 1024);
    assert.equal(pass(30), false);
  }
  journey.progress(16 * 1024 - 1);
  assert.equal(pass(30), true);
});

test('time that goes by on our side is not counted as silence', async (t) => {
  const { journey, pass } = setOut(t);
  journey.enter('body');
  let finish = () => {};
  const work = journey.holdUp(new Promise((resolve) => (finish = () => resolve(undefined))));
  assert.equal(pass(1_000), false);
  finish();
  await work;
  assert.equal(pass(30), true);
});

test('the limit for all of it is over whatever moves, and the leg is told', (t) => {
  const { journey, pass } = setOut(t, 20_000);
  journey.enter('body');
  journey.progress(1_000_000);
  assert.equal(pass(19), false);
  assert.equal(pass(1), true);
  assert.deepEqual([journey.timeout, journey.isOutOfTime], ['BODY_TIMEOUT', true]);
});
