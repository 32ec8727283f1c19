// Forms and whole records, judged by others: what shells and parsers read in a dotenv file, and what the agent hides.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SecretMasker } from '../agent/masker.js';
import { shownMode } from '../platform.js';
import { READERS } from './dotenv-readers.js';
import { nastyValues } from './nasty-values.js';
import { errorsOf, openKeeper, runWithKeeper } from './packed-task.js';

/**
 * @param {import('node:test').TestContext} t
 * @param {string[]} secrets
 * @param {object[]} holds
 */
async function run(t, secrets, holds) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'additions-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const keeper = await openKeeper(t, { holds });
  return {
    folder,
    keeper,
    run: await runWithKeeper(t, { keeper, secrets, agent: { sourcesFolder: folder } }),
  };
}

/** A record whose fields have these labels and values. */
const recordOf = (title, values) => ({
  title,
  custom: Object.entries(values).map(([label, value]) => ({ type: 'text', label, value: [value] })),
});

describe('a dotenv file', () => {
  const values = nastyValues(600);
  const titles = Object.keys(values);

  /** Each value has a line of its own, so that a refusal concerns no other. */
  async function acceptedOnes(t) {
    let accepted = titles;
    for (;;) {
      const lines = accepted.map((title) => `${title}/* > file+dotenv:${title}.env`);
      const holds = accepted.map((title) => recordOf(title, { value: values[title] }));
      const { run: outcome } = await run(t, lines, holds);
      if (outcome.result === 'Succeeded') return accepted;
      // Only the first problems are shown.
      const problems = errorsOf(outcome).filter((problem) => problem.startsWith('line '));
      const refused = new Set(problems.map((problem) => Number(problem.match(/^line (\d+)/)?.[1]) - 1));
      assert.ok(refused.size > 0);
      assert.equal(refused.size, problems.length);
      assert.ok(
        problems.every((problem) => problem.includes(': the value of the field `value` means different')),
      );
      accepted = accepted.filter((_, index) => !refused.has(index));
    }
  }

  test('holds only values that all readers read as they are', async (t) => {
    const accepted = await acceptedOnes(t);
    const expected = Object.fromEntries(accepted.map((title) => [title.toUpperCase(), values[title]]));
    const record = recordOf('All', Object.fromEntries(accepted.map((title) => [title, values[title]])));
    const { run: outcome, folder } = await run(t, ['All/* > file+dotenv:all.env'], [record]);
    assert.equal(outcome.result, 'Succeeded');

    for (const { name, read } of READERS) {
      await t.test(name, { skip: !read && 'it is not on this machine' }, () => {
        const found = read?.(join(folder, 'all.env')) ?? {};
        const changed = Object.keys(expected).filter((key) => found[key] !== expected[key]);
        assert.deepEqual(
          changed.map((key) => [expected[key], found[key]]),
          [],
        );
      });
    }
    const plain = titles.filter((title) => !/['\\\r\0]|\$\{/.test(values[title]));
    assert.deepEqual(
      plain.filter((title) => !accepted.includes(title)),
      [],
      'refused without need',
    );
    assert.ok(accepted.length > titles.length / 2, `only ${accepted.length} were accepted`);
  });
});

test('a whole record as JSON is what it is in Keeper, whatever its values', async (t) => {
  const values = nastyValues(300);
  const { run: outcome, folder } = await run(
    t,
    ['All/* > file+json:all.json', 'All/* > var+json+base64:ALL'],
    [recordOf('All', values)],
  );
  const text = fs.readFileSync(join(folder, 'all.json'), 'utf8');
  assert.deepEqual(JSON.parse(text), values);
  assert.equal(Buffer.from(outcome.variables.ALL.value, 'base64').toString(), text);
});

test('the forms of a value are hidden like the value', async (t) => {
  const key = '-----BEGIN INVENTED KEY-----\nc2VjcmV0czNjcjN0\n-----END INVENTED KEY-----\n';
  const holds = [
    {
      title: 'Server',
      notes: key,
      fields: [{ type: 'password', value: ['pa"ss\\w0rd <ü>'] }],
      custom: [{ type: 'text', label: 'token', value: ['czNjcjN0LXQwazNu'] }],
      files: [{ name: 'key.bin', base64: 'AAECAwQFBgf/9vX08/Lx8A==' }],
    },
  ];
  const { run: outcome } = await run(
    t,
    [
      'Server/notes > var+base64:KEY',
      'Server/notes > var+json:KEY_AS_JSON',
      'Server/file/key.bin > out+base64:bytes',
      'Server/field/password > env+json:PASSWORD',
      'Server/custom_field/token > var+unbase64:TOKEN',
      'Server/* > var+json+base64:ALL',
      'Server/* > var+base64:SERVER_*',
    ],
    holds,
  );
  const masker = new SecretMasker();
  outcome.masks.forEach((mask) => masker.add(mask));
  const set = [...Object.values(outcome.variables), ...Object.values(outcome.outputs)];
  assert.equal(set.length, 8);
  for (const { value } of set) assert.equal(masker.mask(`before ${value} after`), 'before *** after');
});

test('an attachment that goes to disk as it arrives has the mode of its form', async (t) => {
  const holds = [{ title: 'Server', files: [{ name: 'large.bin', bytes: 1_000_000 }] }];
  const { run: outcome } = await run(t, ['Server/file/large.bin > file+0644:large.bin'], holds);
  assert.deepEqual(
    outcome.files.map(({ size, mode }) => [size, mode]),
    [[1_000_000, shownMode(0o644)]],
  );
});

test('an attachment of more than 8 MiB takes no form', async (t) => {
  const holds = [{ title: 'Server', files: [{ name: 'huge.bin', bytes: 9 * 1024 * 1024 }] }];
  const { run: outcome, keeper } = await run(t, ['Server/file/huge.bin > file+base64:huge.b64'], holds);
  assert.deepEqual(errorsOf(outcome), [
    'line 1, column 1: the attachment has more than 8 MiB, too much for a form or a template\n' +
      '  1 | Server/file/huge.bin > file+base64:huge.b64\n    | ^^^^^^^^^^^^^^^^^^^^',
  ]);
  assert.equal(keeper.requests.length, 1);
});
