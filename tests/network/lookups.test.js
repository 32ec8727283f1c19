// Names are looked up once for all connections that are made at the same time.

import assert from 'node:assert/strict';
import dns from 'node:dns';
import { test } from 'node:test';
import { lookUp } from '../../task/lookups.js';

const ANY = { all: true };

/** Puts a list of unanswered look-ups in place of the system's. */
function holdLookUps(t) {
  /** @type {{ host: string, answer: (...outcome: any[]) => void }[]} */
  const held = [];
  t.mock.method(dns, 'lookup', (host, _options, answer) => held.push({ host, answer }));
  return held;
}

test('look-ups of one name at the same time are one, and each is told its outcome', (t) => {
  const held = holdLookUps(t);
  const told = [];
  for (const who of ['first', 'second', 'third']) {
    lookUp('keeper.example.test', ANY, (error, addresses) => told.push([who, error, addresses]));
  }
  assert.deepEqual(
    held.map(({ host }) => host),
    ['keeper.example.test'],
  );
  held[0].answer(null, ['127.0.0.1']);
  assert.deepEqual(told, [
    ['first', null, ['127.0.0.1']],
    ['second', null, ['127.0.0.1']],
    ['third', null, ['127.0.0.1']],
  ]);
});

test('a look-up that has failed is told to all, and the next one asks anew', (t) => {
  const held = holdLookUps(t);
  const told = [];
  const tell = (error, address) => told.push(error ?? address);
  lookUp('keeper.example.test', ANY, tell);
  lookUp('keeper.example.test', ANY, tell);
  held[0].answer('ENOTFOUND');
  lookUp('keeper.example.test', ANY, tell);
  held[1].answer(null, '127.0.0.1');
  assert.deepEqual(told, ['ENOTFOUND', 'ENOTFOUND', '127.0.0.1']);
});

test('other names, and other kinds of addresses, are looked up beside it', (t) => {
  const held = holdLookUps(t);
  lookUp('keeper.example.test', ANY, () => {});
  lookUp('files.example.test', ANY, () => {});
  lookUp('keeper.example.test', { family: 4 }, () => {});
  assert.equal(held.length, 3);
});
