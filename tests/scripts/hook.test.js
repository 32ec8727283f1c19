// The work of the pre-commit hook.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { planWork } from '../../scripts/hook.js';
import { inProject } from '../../scripts/paths.js';

test('only what is staged is looked at, by the tools that know it', () => {
  for (const [staged, plan] of [
    [['images/icon.png'], { format: [], lint: false, types: false }],
    [['README.md', 'Cargo.lock'], { format: ['README.md'], lint: true, types: false }],
    [['src/a b.rs'], { format: ['src/a b.rs'], lint: true, types: false }],
    [['task/run.js'], { format: ['task/run.js'], lint: false, types: true }],
    [
      ['task/task.json', 'tests/task/names.test.js'],
      { format: ['task/task.json', 'tests/task/names.test.js'], lint: false, types: false },
    ],
  ]) {
    assert.deepEqual(planWork(staged), plan, staged.join());
  }
});

test("git's own shell starts it, also on Windows", () => {
  assert.equal(
    readFileSync(inProject('.githooks', 'pre-commit'), 'utf8'),
    '#!/bin/sh\nexec node scripts/hook.js\n',
  );
});
