// Inputs of excessive size, and of the largest allowed size.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isWindows } from '../platform.js';
import { errorsOf, openKeeper, runWithKeeper, warningsOf } from './packed-task.js';

const HOLDS = [{ title: 'Database', fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }] }];

/**
 * @param {import('node:test').TestContext} t
 * @param {{ files?: Record<string, string>, inputs?: Record<string, string>, secrets?: string[], holds?: object[], nodePath?: string }} options
 */
async function run(t, { files = {}, inputs = {}, secrets = [], holds = HOLDS, nodePath }) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'bounds-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) fs.writeFileSync(join(folder, path), text);
  const keeper = await openKeeper(t, { holds });
  const agent = { sourcesFolder: folder, inputs, timeoutMs: 60_000, ...(nodePath && { nodePath }) };
  return { ...(await runWithKeeper(t, { keeper, secrets, agent })), folder };
}

test('a mapping file of two million wrong lines is one problem', async (t) => {
  const outcome = await run(t, {
    files: { 'keeper.map': 'x\n'.repeat(2_000_000) },
    inputs: { secretsFile: 'keeper.map' },
  });
  assert.deepEqual(
    errorsOf(outcome).map((problem) => problem.split('\n')[0]),
    ['there are 2,000,000 mapping lines, but a step takes 10,000'],
  );
});

test('of thousands of problems the first ones are shown, and all are counted', async (t) => {
  const lines = Array.from({ length: 10_000 }, (_, index) => `Missing ${index}/type > var:V${index}`);
  const files = { 'keeper.map': lines.join('\n') };
  const errors = errorsOf(await run(t, { files, inputs: { secretsFile: 'keeper.map' } }));
  assert.equal(errors.length, 51);
  assert.match(errors[49], /^keeper\.map, line 50, column 1: no record with this UID or title/);
  assert.equal(errors[50], '10000 problems, of which 50 are shown; nothing was set');
});

test('of thousands of warnings the first ones are shown, and all are counted', async (t) => {
  const secrets = Array.from({ length: 1_000 }, (_, index) => `Missing ${index}/type > var?:V${index}`);
  const warnings = warningsOf(await run(t, { secrets }));
  assert.equal(warnings.length, 51);
  assert.equal(warnings[50], 'and 950 more warnings about lines');
});

for (const [word, { problems, first }] of Object.entries({
  field: { problems: 0 },
  feild: { problems: 51, first: 'big.txt, line 1, column 1: unknown selector' },
})) {
  test(`a template of one line takes 5,000 placeholders with the selector ${word}`, async (t) => {
    const piece = `\${keeper://Database/${word}/password}${'x'.repeat(170)}`;
    const outcome = await run(t, {
      files: { 'big.txt': piece.repeat(5_000) },
      inputs: { templates: 'big.txt > out.txt' },
    });
    const errors = errorsOf(outcome);
    assert.equal(errors.length, problems);
    assert.ok(!first || errors[0].startsWith(first), errors[0]);
    if (!first) {
      const text = fs.readFileSync(join(outcome.folder, 'out.txt'), 'utf8');
      assert.equal(text, `s3cr3t-p4ssw0rd${'x'.repeat(170)}`.repeat(5_000));
    }
  });
}

test('more templates or placeholders than a step takes are refused', async (t) => {
  const files = { 'in.txt': '${keeper://Database/field/password}'.repeat(6_000) };
  const lines = (count) => Array.from({ length: count }, (_, index) => `in.txt > out/${index}`).join('\n');
  for (const [count, problem] of [
    [1_000, 'there are 1,000 templates, but a step takes 200'],
    [
      2,
      'templates, line 2, column 1: with this template there are more than 10,000 placeholders, the most that a step takes',
    ],
  ]) {
    const outcome = await run(t, { files, inputs: { templates: lines(count) } });
    assert.deepEqual(
      errorsOf(outcome).map((text) => text.split('\n')[0]),
      [problem],
    );
  }
});

describe('where the shell allows 256 open files', { skip: isWindows && 'a limit of Unix' }, () => {
  const names = Array.from({ length: 500 }, (_, index) => `file${index}`);
  const holds = [
    {
      title: 'Files',
      fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }],
      files: names.map((name) => ({ name, bytes: 100_000 })),
    },
  ];
  const CASES = {
    '500 attachments are written': (name) => `Files/file/${name}`,
    'one attachment is written to 500 files': () => 'Files/file/file0',
    'one password is written to 500 files': () => 'Files/field/password',
  };
  for (const [name, notation] of Object.entries(CASES)) {
    test(name, async (t) => {
      const folder = fs.mkdtempSync(join(tmpdir(), 'few-files-'));
      t.after(() => fs.rmSync(folder, { recursive: true }));
      const nodePath = join(folder, 'node');
      // Hard and soft: Node raises the soft limit.
      fs.writeFileSync(nodePath, `#!/bin/sh\nulimit -n 256\nexec "${process.execPath}" "$@"\n`, {
        mode: 0o755,
      });
      const secrets = names.map((name) => `${notation(name)} > file+0440:out/${name}`);
      const outcome = await run(t, { holds, secrets, nodePath });
      assert.equal(outcome.result, 'Succeeded', errorsOf(outcome).slice(0, 3).join('\n'));
      const files = names.map((name) => fs.statSync(join(outcome.folder, 'out', name)));
      const size = name.includes('attachment') ? 100_000 : 's3cr3t-p4ssw0rd'.length;
      assert.deepEqual(new Set(files.map((file) => file.size)), new Set([size]));
      assert.deepEqual(new Set(files.map(({ mode }) => mode & 0o777)), new Set([0o440]));
    });
  }

  test('500 files are taken back', async (t) => {
    const secrets = names.map((name) => `Files/field/password > file+0440:out/${name}`);
    const outcome = await run(t, {
      holds,
      secrets: [...secrets, 'Files/file/file0 > file:taken/x'],
      files: { taken: '' },
    });
    assert.equal(outcome.result, 'Failed');
    assert.deepEqual(fs.readdirSync(outcome.folder), ['taken']);
  });
});
