// The way of an arriving attachment to the disk, in batches. The files are fakes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arrival } from '../../task/files/staged-file.js';

const BATCH = 256 * 1024;
const signal = new AbortController().signal;

/** A file whose n-th batch cannot be written, which becomes known only in a later turn. */
function openFile(failing = Infinity) {
  let [batches, bytes] = [0, 0];
  return {
    problem: undefined,
    content: 'none',
    async append(pieces) {
      this.content = 'part';
      const count = (batches += 1);
      await new Promise((resolve) => setImmediate(resolve));
      if (this.problem === undefined && count === failing) this.problem = 'the disk is full';
      if (this.problem === undefined) bytes += pieces.reduce((sum, { length }) => sum + length, 0);
    },
    async finish() {
      if (this.problem === undefined) this.content = 'all';
    },
    async copy() {
      this.content = 'all';
    },
    empty() {
      this.content = 'none';
    },
    written: () => bytes,
  };
}

test('what has come is known until a part of it goes to the disk', async () => {
  const arrival = new Arrival([openFile()], signal);
  arrival.add([Buffer.from('s3cr'), Buffer.from('3t')]);
  assert.equal(String(arrival.content()), 's3cr3t');
  await arrival.add([Buffer.alloc(BATCH)]);
  assert.equal(arrival.content(), undefined);
});

test('everything is written once, wiped then, and copied to the other files', async () => {
  const files = [openFile(), openFile()];
  const arrival = new Arrival(files, signal);
  const pieces = [Buffer.alloc(BATCH, 1), Buffer.alloc(BATCH, 1), Buffer.alloc(1, 1)];
  for (const piece of pieces) await arrival.add([piece]);
  await arrival.finish();
  await arrival.close();
  assert.equal(files[0].written(), 2 * BATCH + 1);
  assert.deepEqual(
    files.map(({ content }) => content),
    ['all', 'all'],
  );
  assert.ok(pieces.every((piece) => piece.every((byte) => byte === 0)));
});

test('a batch that cannot be written ends the download with the next one', async () => {
  const files = [openFile(1), openFile()];
  const arrival = new Arrival(files, signal);
  await arrival.add([Buffer.alloc(BATCH)]);
  await assert.rejects(Promise.resolve(arrival.add([Buffer.alloc(BATCH)])), { code: 'UNWRITTEN' });
  assert.equal(arrival.hasFailed, true);
  await arrival.close();
  assert.deepEqual(
    files.map(({ content }) => content),
    ['none', 'none'],
  );
});

test('a batch that cannot be written when everything has come is no defect', async () => {
  const files = [openFile(1), openFile()];
  const arrival = new Arrival(files, signal);
  await arrival.add([Buffer.alloc(BATCH)]);
  assert.equal(arrival.hasFailed, false);
  await arrival.finish();
  assert.equal(arrival.hasFailed, true);
  assert.deepEqual(
    files.map(({ content }) => content),
    ['part', 'none'],
  );
});
