import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseResult, worseOf } from './results.js';

test('a result is an exact name or a number of the agent', () => {
  for (const [written, read] of [
    ['Succeeded', 'Succeeded'],
    ['SucceededWithIssues', 'SucceededWithIssues'],
    ['Failed', 'Failed'],
    ['Canceled', 'Canceled'],
    ['Skipped', 'Skipped'],
    ['Abandoned', 'Abandoned'],
    ['2', 'Failed'],
    ['Cancelled', undefined],
    ['failed', undefined],
    [' Failed ', 'Failed'],
    ['9', 'Abandoned'],
    ['-1', 'Succeeded'],
    ['', undefined],
    [undefined, undefined],
  ]) {
    assert.equal(parseResult(written), read, written);
  }
});

test('the worse result wins, and beyond Failed nothing changes', () => {
  for (const [current, coming, winner] of /** @type {const} */ ([
    [undefined, 'Succeeded', 'Succeeded'],
    ['Succeeded', 'SucceededWithIssues', 'SucceededWithIssues'],
    ['SucceededWithIssues', 'Succeeded', 'SucceededWithIssues'],
    ['Succeeded', 'Failed', 'Failed'],
    ['Failed', 'Succeeded', 'Failed'],
    ['Failed', 'Skipped', 'Skipped'],
    ['Skipped', 'Failed', 'Skipped'],
    ['Canceled', 'Abandoned', 'Canceled'],
  ])) {
    assert.equal(worseOf(current, coming), winner, `${current} then ${coming}`);
  }
});
