// `npm run interop` reports as the same only what is the same, and finds what its list lacks or should not have.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compareRecords, judge, textOf } from '../../interop/comparison.js';
import { createVault } from '../keeper/vault.js';

describe('an answer comes to the text that a pipeline would get', () => {
  const aText = Buffer.from('Grüße').toString('base64url');
  for (const [what, answer, form, text] of [
    ['a text', { value: 'a' }, {}, 'a'],
    ['a number', { value: 1700000000000 }, {}, '1700000000000'],
    ['an object', { value: { b: 1, a: [null] } }, {}, '{"b":1,"a":[null]}'],
    ['a list', { value: ['a'] }, {}, '["a"]'],
    ['nothing', { value: null }, {}, ''],
    ['bytes that are text', { base64: Buffer.from('Grüße').toString('base64') }, {}, 'Grüße'],
    ['bytes that are none', { base64: '/w==' }, {}, 'base64:/w=='],
    ['an attachment in Base64', { value: aText }, { isAttachment: true }, 'Grüße'],
    ['a list of one text', { value: ['a'] }, { isList: true }, 'a'],
    ['a list of an attachment', { value: [aText] }, { isList: true, isAttachment: true }, 'Grüße'],
    ['a list of spaced JSON', { value: ['{"a": "b"}'] }, { isList: true }, '{"a":"b"}'],
    ['a list of what only begins like JSON', { value: ['[a'] }, { isList: true }, '[a'],
    ['a list of several', { value: ['a', 'b'] }, { isList: true }, '["a","b"]'],
    ['an empty list', { value: [] }, { isList: true }, ''],
  ]) {
    test(what, () => assert.equal(textOf(answer, form), text));
  }

  test('an error is an error, whatever it says, and not an empty text', () => {
    assert.equal(textOf({ error: 'one' }), textOf({ error: 'another' }, { isList: true }));
    assert.notEqual(textOf({ error: '' }), textOf({ value: null }));
  });
});

describe('a record', () => {
  const file = { name: 'a.txt', text: 'abc' };
  const vault = createVault([
    { title: 'Database', fields: [{ type: 'password', value: ['s3cr3t'] }], files: [file], folder: 'Folder' },
    { title: 'Broken', broken: 'data' },
  ]);
  const [record, broken] = vault.records;
  const read = {
    uid: record.uid,
    folder: record.folders[0].uid,
    data: record.data,
    files: [
      {
        uid: record.files[0].uid,
        name: 'a.txt',
        title: 'a.txt',
        sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      },
    ],
  };
  const differing = (...records) =>
    compareRecords(vault, { records, answers: {}, codes: [] })
      .filter(({ theirs, ours }) => theirs !== ours)
      .map(({ what }) => what);

  test('that is read as it was made agrees, and so does a broken one that is not read', () =>
    assert.deepEqual(differing(read), []));

  for (const [what, changed] of [
    ['another value', { ...read, data: { ...record.data, title: 'database' } }],
    ['another content', { ...read, files: [{ ...read.files[0], sha256: 'ba' }] }],
    ['an attachment that failed', { ...read, files: [{ ...read.files[0], sha256: undefined, error: 'no' }] }],
  ]) {
    test(`with ${what} differs`, () => assert.deepEqual(differing(changed), ['Database (in Folder)']));
  }

  test('that is not read, or where it is not, or that nobody can read, differs', () => {
    assert.deepEqual(differing(), ['Database (in Folder)']);
    assert.deepEqual(differing({ ...read, folder: null }), ['Database (in Folder)', record.uid]);
    assert.deepEqual(differing(read, { uid: broken.uid, folder: null, data: {}, files: [] }), ['Broken']);
  });
});

describe('a difference', () => {
  const row = (what, theirs, ours) => ({
    kind: 'notation',
    exhibit: 'vault',
    who: 'SDK',
    what,
    theirs,
    ours,
  });
  const listed = (...what) => [{ group: 'choice', reason: 'because', who: ['SDK'], what: { vault: what } }];
  const summary = (rows, list) =>
    Object.values(judge(rows, list)).map((found) => found.map(({ what }) => what));

  test('is explained if it is listed, and what is the same needs no reason', () =>
    assert.deepEqual(summary([row('a', '1', '2'), row('b', '1', '1')], listed('a')), [['a'], [], []]));

  test('that is not listed is reported', () =>
    assert.deepEqual(summary([row('a', '1', '2'), row('b', '1', '2')], listed('a')), [['a'], ['b'], []]));

  test('that is listed and not seen is reported', () =>
    assert.deepEqual(summary([row('a', '1', '1')], listed('a', 'b')), [[], [], ['a', 'b']]));
});
