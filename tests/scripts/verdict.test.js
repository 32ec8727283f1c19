// The summary at the end of a log: what failed and why.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excerpt, failedFiles, table } from '../../scripts/verdict.js';

test('the table has a row for each check', () => {
  assert.equal(
    table([
      { name: 'Lints', passed: 0, failed: 1, seconds: '2.5' },
      { name: 'Types', passed: 1, failed: 0 },
    ]),
    [
      '        passed   failed  seconds',
      'Lints        0        1      2.5',
      'Types        1        0         ',
    ].join('\n'),
  );
});

test('an excerpt begins where the tool says what is wrong', () => {
  for (const [output, beginning] of [
    ['    Checking crate\nerror: this can be `const`\n --> src/lib.rs', 'error: this can be `const`'],
    ['    Compiling crate\nerror[E0425]: cannot find value', 'error[E0425]: cannot find value'],
    ['running 2 tests\nerror: printed by a test\n\nfailures:\n\n---- a ----', 'failures:'],
    ['✔ passes\nfailures:\n✖ failing tests:\n\ntest at a.js', '✖ failing tests:'],
    ['[warn] README.md', '[warn] README.md'],
  ]) {
    assert.equal(excerpt(output).split('\n')[0], beginning);
  }
});

test('a long excerpt is cut, and says so', () => {
  const lines = excerpt(Array.from({ length: 100 }, (_, line) => `line ${line}`).join('\n')).split('\n');
  assert.equal(lines.length, 61);
  assert.equal(lines.at(-1), '… and 40 more lines, further up');
});

test('a report names each file whose tests failed, with the separators of its system', () => {
  const report = [
    '✔ test at tests/a.test.js:1:1',
    '✖ failing tests:\r',
    'test at tests\\docs\\guide.test.js:60:7\r',
    '✖ a sample (3 ms)',
    'test at tests/task/files.test.js:10:3',
    'test at tests/task/files.test.js:90:3',
    '  test at tests/b.test.js:1:1',
  ].join('\n');
  assert.deepEqual(failedFiles(report), ['tests\\docs\\guide.test.js', 'tests/task/files.test.js']);
});
