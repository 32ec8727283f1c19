// Files are taken back one by one, while another job of the same user takes back its own.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { plainFileAt, realPath, takeBack } from '../../task/files/disk.js';

/**
 * A folder with a file at its place, and that of another job, which keeps something.
 *
 * @param {import('node:test').TestContext} t
 * @param {Record<string, string>} files contents by name
 */
function folderWith(t, files) {
  const folder = realPath(fs.mkdtempSync(join(tmpdir(), 'taking-back-')));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    fs.writeFileSync(join(folder, name), text);
  }
  const identityOf = (name) => plainFileAt(join(folder, name))?.identity;
  const file = {
    place: join(folder, 'place'),
    temporary: join(folder, OURS),
    aside: join(folder, `${OURS}o`),
  };
  const contents = () =>
    Object.fromEntries(
      fs.readdirSync(folder).map((name) => [name, fs.readFileSync(join(folder, name), 'utf8')]),
    );
  return { folder, file, identityOf, contents };
}

const OURS = '.ksm-0123456789ab';
const THEIRS = '.ksm-ba9876543210o';

/** Calls a function of the file system only after something else has happened. */
function before(t, name, happens) {
  const original = fs[name];
  let isFirst = true;
  t.mock.method(fs, name, (...args) => {
    if (isFirst) {
      isFirst = false;
      happens();
    }
    return original(...args);
  });
}

test('what another job keeps stays, although it has the number of a file that is gone', async (t) => {
  const { file, identityOf, contents } = folderWith(t, { [THEIRS]: 'original' });
  const gone = { ...file, identity: identityOf(THEIRS) };
  assert.equal(await takeBack(gone, { isDone: true }), 'absent');
  assert.deepEqual(contents(), { [THEIRS]: 'original' });
});

test('a secret that another job keeps is replaced by what was there before', async (t) => {
  const { file, identityOf, contents } = folderWith(t, {
    place: 'their secret',
    [THEIRS]: 'our secret',
    [`${OURS}o`]: 'original',
  });
  const ours = { ...file, identity: identityOf(THEIRS), replaced: identityOf(`${OURS}o`) };
  assert.equal(await takeBack(ours, { isDone: true }), 'removed');
  assert.deepEqual(contents(), { place: 'their secret', [THEIRS]: 'original' });
});

test('a secret that another job puts back at this moment is taken back as well', async (t) => {
  const { folder, file, identityOf, contents } = folderWith(t, {
    place: 'their secret',
    [THEIRS]: 'our secret',
    [`${OURS}o`]: 'original',
  });
  const ours = { ...file, identity: identityOf(THEIRS), replaced: identityOf(`${OURS}o`) };
  const { renameSync } = fs;
  before(t, 'renameSync', () => renameSync(join(folder, THEIRS), file.place));
  assert.equal(await takeBack(ours, { isDone: true }), 'returned');
  assert.deepEqual(contents(), { place: 'original' });
});

test('so it is where nothing was there before', async (t) => {
  const { folder, file, identityOf, contents } = folderWith(t, {
    place: 'their secret',
    [THEIRS]: 'our secret',
  });
  const ours = { ...file, identity: identityOf(THEIRS) };
  before(t, 'unlinkSync', () => fs.renameSync(join(folder, THEIRS), file.place));
  assert.equal(await takeBack(ours, { isDone: true }), 'removed');
  assert.deepEqual(contents(), {});
});

test('a file system that renames nothing within a folder does not cost the original', async (t) => {
  const { file, identityOf, contents } = folderWith(t, { place: 'secret', [`${OURS}o`]: 'original' });
  t.mock.method(fs, 'renameSync', () => {
    throw Object.assign(new Error('other device'), { code: 'EXDEV' });
  });
  const ours = { ...file, identity: identityOf('place'), replaced: identityOf(`${OURS}o`) };
  await assert.rejects(takeBack(ours, { isDone: true }), { code: 'EXDEV' });
  assert.deepEqual(contents(), { place: 'secret', [`${OURS}o`]: 'original' });
});

test('a mapped folder in a container on Windows, which has no absolute path of its own, keeps its name', (t) => {
  t.mock.method(fs.realpathSync, 'native', () => 'ContainerMappedDirectories');
  assert.equal(realPath(join(tmpdir(), 'x')), join(tmpdir(), 'x'));
});
