// The benchmark runs and fills its tables. People judge its times, not a test.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { inProject } from '../scripts/paths.js';

test('the benchmark runs, in its short form', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [inProject('bench', 'bench.js'), '--quick'],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  const number = String.raw`[\d,]+`;
  for (const row of [
    String.raw`five lines, one record \| ${number} ms \| ${number} ms \| ${number} ms \| ${number} ms \|  \| \d+\.\d\d \| \d+\.\d\d \|  \|`,
    String.raw`one attachment of 8 MiB \| ${number} ms \|  \| ${number} ms \|  \| ${number} ms \|  \|  \| \d+\.\d\d \|`,
    String.raw`five lines, one record \| ${number} MiB \| ${number} MiB \| ${number} MiB \| ${number} MiB \|  \| \d+\.\d\d \| \d+\.\d\d \|  \|`,
    String.raw`5 values \| ${number} \| ${number} \| ${number} ms \| ${number} ms \| ${number} ms \|`,
    String.raw`1 \| ${number} ms, ${number} MiB \| ${number} ms, ${number} MiB \|`,
    String.raw`fields of one record \| 500: ${number} ms, ${number} MiB \|`,
    String.raw`- VSIX: ${number} bytes`,
  ]) {
    assert.match(stdout, new RegExp(row));
  }
});
