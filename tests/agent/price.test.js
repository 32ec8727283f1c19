// The price of masks agrees with what was measured on the agent's own code.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { priceOf } from './price.js';

const masks = (count) =>
  Array.from({ length: count }, (_, index) => `##vso[task.setsecret]secret ${index}\n`).join('');

for (const [count, seconds] of [
  [2_005, 3.1],
  [8_337, 36],
]) {
  test(`${count} masks cost the agent ${seconds} s`, () => {
    const price = priceOf(masks(count));
    assert.equal(price.masks, count);
    assert.ok(Math.abs(price.ms / 1_000 - seconds) < 0.05 * seconds, `${price.ms} ms`);
  });
}

test('lines that are no masks are masked by all masks', () => {
  const { lines, ms } = priceOf(`${masks(8_337)}${'a line of the log\n'.repeat(1_000)}`);
  assert.equal(lines, 1_000);
  const perLine = (ms - priceOf(masks(8_337)).ms) / 1_000;
  assert.ok(perLine >= 0.4 && perLine <= 1.2, `${perLine} ms`);
});
