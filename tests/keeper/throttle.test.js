// Keeper throttles each client at each endpoint until it is silent.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeRequest, messageOf, send } from './plain-client.js';
import { startKeeper } from './server.js';
import { makeThrottle } from './throttle.js';

test('a hundred requests pass, and a ban lasts until ten seconds after the latest one', () => {
  let nowMs = 0;
  const throttle = makeThrottle({ now: () => nowMs });
  const passes = (count) => {
    const passed = Array.from({ length: count }, () => !throttle.isOver('client', 'get_secret'));
    return passed.filter(Boolean).length;
  };
  assert.equal(passes(150), 100);
  nowMs = 9_999;
  assert.equal(passes(1), 0, 'refused, and the time begins anew');
  nowMs = 19_998;
  assert.equal(passes(1), 0);
  nowMs = 29_998;
  assert.equal(passes(60), 60);
  nowMs = 39_997;
  assert.equal(passes(60), 40, 'what is never silent is counted on');
  assert.equal(throttle.isOver('another', 'get_secret'), false);
  assert.equal(throttle.isOver('client', 'get_folders'), false);
});

for (const [by, status] of [
  [undefined, 429],
  [/** @type {const} */ (403), 403],
]) {
  test(`the server says so with status ${status}`, async () => {
    const keeper = await startKeeper({ holds: [], throttle: { requests: 1, by } });
    try {
      const ask = () => send(keeper, messageOf(composeRequest(keeper.config)));
      assert.equal((await ask()).status, 200);
      const answer = await ask();
      assert.deepEqual(
        [answer.status, String(answer.body)],
        [status, '{"error":"throttled","message":"throttled"}'],
      );
      assert.equal(keeper.requests[1].verified, true);
    } finally {
      await keeper.close();
    }
  });
}
