// The note of files for the post-job step: its content, and what is still trusted after it was tampered with.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Note, readNote } from '../../task/files/note.js';

const folder = fs.mkdtempSync(join(tmpdir(), 'note-'));
process.env.AGENT_TEMPDIRECTORY = folder;
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const fileOf = (number) => ({
  number,
  line: `line ${number}`,
  target: `/s/${number}.txt`,
  place: `/s/${number}.txt`,
  temporary: `.ksm-${number}`,
  aside: `/t/.ksm-${number}o`,
});

/** A note of two files, and its announcements. @param {import('node:test').TestContext} t */
async function openNote(t) {
  const said = [];
  const note = new Note(async (announcement) => void said.push(announcement));
  t.after(() => note.end(true));
  note.add(fileOf(1));
  note.add(fileOf(2));
  note.add({ ...fileOf(2), identity: '7:8' });
  await note.announce();
  const { address, extent } = said[0];
  return { note, said, address, extent, place: join(folder, address.split('.').slice(0, 2).join('.')) };
}

test('there is none until a file is noted', async () => {
  const said = [];
  const note = new Note(async (announcement) => void said.push(announcement));
  await note.announce();
  await note.end(true);
  assert.deepEqual(said, []);
  assert.deepEqual(fs.readdirSync(folder), []);
});

test('it is read as it was written, with what came later to a file', async (t) => {
  const { address, extent, place } = await openNote(t);
  assert.equal(extent, '3 lines, 2 files');
  assert.match(address, /^\.ksm-[0-9a-f]{12}\.[0-9a-f]{64}$/);
  assert.deepEqual(readNote(address, extent), {
    files: [fileOf(1), { ...fileOf(2), identity: '7:8' }],
    count: 2,
    isDone: false,
    isWhole: true,
    place,
  });
});

test('it says whether all files have their names', async (t) => {
  const { note, said, address } = await openNote(t);
  await note.announce(true);
  assert.equal(said[1].extent, '3 lines, 2 files, done');
  assert.equal(readNote(address, said[1].extent)?.isDone, true);
  await note.announce();
  assert.equal(said[2].extent, '3 lines, 2 files');
  assert.equal(readNote(address, said[2].extent)?.isDone, false);
});

test('it grows no larger than the post-job step reads', async (t) => {
  const { note } = await openNote(t);
  assert.throws(() => note.add({ ...fileOf(3), line: 'x'.repeat(64 * 1024 * 1024) }), { code: 'EFBIG' });
});

test('nothing is left of one that is over, and what is announced is the address of none', async (t) => {
  const { note, said, place } = await openNote(t);
  await note.end(true);
  assert.equal(fs.existsSync(place), false);
  assert.match(said[1].address, /^over\.[0-9a-f]{64}$/);
  assert.equal(readNote(said[1].address, said[1].extent), undefined);
});

/** @type {Record<string, { change: (text: string) => string, files: number[], isWhole: boolean }>} */
const CHANGES = {
  nothing: { change: (text) => text, files: [1, 2], isWhole: true },
  'a line that is cut': { change: (text) => text.slice(0, -9), files: [1, 2], isWhole: false },
  'a line that is gone': {
    change: (text) => text.split('\n').slice(1).join('\n'),
    files: [2],
    isWhole: false,
  },
  'a line that is there twice': {
    change: (text) => `${text}${text.split('\n')[0]}\n`,
    files: [1, 2],
    isWhole: false,
  },
  'a line that was changed': { change: (text) => text.replace('/s/1', '/s/3'), files: [2], isWhole: false },
  'a line of somebody else': {
    change: (text) => `${text}${'0'.repeat(64)} {"number":9,"place":"/x"}\n`,
    files: [1, 2],
    isWhole: false,
  },
  'nothing but line breaks': { change: () => '\n\n\n', files: [], isWhole: false },
};
for (const [name, { change, files, isWhole }] of Object.entries(CHANGES)) {
  test(`of what somebody has changed only what is sealed counts (${name})`, async (t) => {
    const { address, extent, place } = await openNote(t);
    fs.writeFileSync(place, change(fs.readFileSync(place, 'utf8')));
    const read = readNote(address, extent);
    assert.deepEqual(
      read?.files.map(({ line }) => line),
      files.map((number) => `line ${number}`),
    );
    assert.deepEqual([read?.count, read?.isWhole], [2, isWhole]);
  });
}

test('millions of foreign lines cost no memory', async (t) => {
  const { address, extent, place } = await openNote(t);
  fs.appendFileSync(place, '\n'.repeat(8 * 1024 * 1024));
  const module = new URL('../../task/files/note.js', import.meta.url);
  const script = `import { readNote } from '${module}';
    console.log(readNote('${address}', '${extent}').files.length);`;
  const options = ['--max-old-space-size=32', '--input-type=module', '--eval', script];
  const { stdout } = spawnSync(process.execPath, options, { encoding: 'utf8' });
  assert.equal(stdout, '2\n');
});

for (const address of ['', '.ksm-0123456789ab', 'over.0123', `../.ksm-0123456789ab.${'0'.repeat(64)}`]) {
  test(`what is no address leads to no note (${address || 'empty'})`, () => {
    assert.equal(readNote(address, '1 lines, 1 files'), undefined);
  });
}
