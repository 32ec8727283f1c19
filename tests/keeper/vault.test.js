// A description determines what Keeper holds, down to what is wrong with it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { composeAnswer, storedContent } from './answer.js';
import { open } from './ciphers.js';
import { sampleVault } from './samples.js';
import { createVault } from './vault.js';

const answerOf = (vault, requestedRecords) =>
  composeAnswer(vault, { requestedRecords, urlOf: ({ uid }) => `https://files.test/${uid}` });

const unwrap = (key, base64) => open(key, Buffer.from(base64, 'base64'));

describe('a description', () => {
  test('gives the same UIDs and keys again, and others with another seed', () => {
    const [first, again, other] = [{}, {}, { seed: 'other' }].map((o) => createVault(sampleVault(), o));
    const identity = ({ appKey, records }) => [appKey, ...records.flatMap(({ uid, key }) => [uid, key])];
    assert.deepEqual(identity(first), identity(again));
    assert.notDeepEqual(identity(first), identity(other));
  });

  test('gives each record, folder and file a UID of its own, none with a leading dash', () => {
    const many = Array.from({ length: 500 }, () => ({
      title: 'Twin',
      files: [{ name: 'a' }, { name: 'a' }],
    }));
    const { records } = createVault(many);
    const uids = records.flatMap(({ uid, files }) => [uid, ...files.map((file) => file.uid)]);
    assert.equal(new Set(uids).size, 1500);
    for (const uid of uids) assert.match(uid, /^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
  });

  test('with a slip in it is refused', () => {
    assert.throws(() => createVault([{ title: 'Database', feilds: [] }]), {
      message: 'record `Database`: unknown `feilds` in its description',
    });
    assert.throws(() => createVault([{ title: 'Database', files: [{ name: 'a', size: 1 }] }]), {
      message: 'file `a`: unknown `size` in its description',
    });
  });
});

describe('a record', () => {
  test('says nothing that was not described', () => {
    const { records } = createVault([{ title: 'Bare' }]);
    assert.equal(String(records[0].plaintext), '{"title":"Bare","type":"login","fields":[]}');
  });

  test('may be padded, raw or without its fields', () => {
    const { records } = createVault([
      { title: 'Padded', padded: true },
      { title: 'Raw', raw: '{"title":7}' },
      { title: 'Old', fields: null },
    ]);
    const [padded, raw, old] = records.map(({ plaintext }) => String(plaintext));
    assert.equal(padded.length, 384);
    assert.equal(padded.trimEnd(), '{"title":"Padded","type":"login","fields":[]}');
    assert.equal(raw, '{"title":7}');
    assert.equal(old, '{"title":"Old","type":"login","fields":null}');
  });

  test('in several places has a copy in each, wrapped by the key of the place', () => {
    const vault = createVault([{ title: 'A', folder: ['One', 'Two'], alsoDirect: true }]);
    const { records, folders } = answerOf(vault);
    const [record] = vault.records;
    assert.deepEqual(unwrap(vault.appKey, records[0].recordKey), record.key);
    for (const [index, folder] of folders.entries()) {
      const folderKey = unwrap(vault.appKey, folder.folderKey);
      assert.deepEqual(folderKey, vault.folders[index].key);
      assert.deepEqual(unwrap(folderKey, folder.records[0].recordKey), record.key);
    }
  });

  test('shared directly may be wrapped by the key of a folder, which then is in the answer', () => {
    const vault = createVault([{ title: 'A', wrappedByFolderKey: 'Team' }]);
    const { records, folders } = answerOf(vault, [vault.records[0].uid]);
    assert.equal(records[0].innerFolderUid, folders[0].folderUid);
    assert.deepEqual(folders[0].records, []);
    const folderKey = unwrap(vault.appKey, folders[0].folderKey);
    assert.deepEqual(unwrap(folderKey, records[0].recordKey), vault.records[0].key);
  });

  test('may be broken, and then fails just there', () => {
    for (const broken of ['recordKey', 'data', 'json', 'noKey']) {
      const vault = createVault([{ title: 'A', broken }]);
      const [wire] = answerOf(vault).records;
      const failing = firstFailure({
        noKey: () => assert.ok(wire.recordKey),
        recordKey: () => unwrap(vault.appKey, wire.recordKey),
        data: () => unwrap(vault.records[0].key, wire.data),
        json: () => JSON.parse(String(unwrap(vault.records[0].key, wire.data))),
      });
      assert.equal(failing, broken);
    }
  });
});

test('a folder may be without a record, and then is left out, or have a key that nobody can unwrap', () => {
  const vault = createVault({
    records: [{ title: 'A', folder: 'Broken' }],
    folders: [{ name: 'Empty' }, { name: 'Broken', broken: 'folderKey' }],
  });
  const { folders } = answerOf(vault);
  assert.equal(folders.length, 1);
  assert.equal(folders[0].folderUid, vault.folders[1].uid);
  assert.throws(() => unwrap(vault.appKey, folders[0].folderKey));
});

describe('an attachment', () => {
  test('has metadata that may be wrong or missing', () => {
    const { records } = createVault([
      {
        title: 'A',
        files: [
          { name: 'a', text: 'four' },
          { name: 'b', title: 'B', type: 'text/plain', bytes: 7, declaredSize: 9, lastModified: 1.5 },
          { name: 'c', noSize: true },
        ],
      },
    ]);
    const lastModified = 1700000000000;
    assert.deepEqual(
      records[0].files.map(({ metadata }) => metadata),
      [
        { name: 'a', title: 'a', size: 4, lastModified },
        { name: 'b', title: 'B', size: 9, type: 'text/plain', lastModified: 1.5 },
        { name: 'c', title: 'c', lastModified },
      ],
    );
  });

  test('may be broken, and then fails just there', () => {
    for (const broken of ['fileKey', 'metadata', 'content', 'noUrl']) {
      const vault = createVault([{ title: 'A', files: [{ name: 'a', text: 's3cr3t', broken }] }]);
      const [wire] = answerOf(vault).records[0].files;
      const [record] = vault.records;
      const [file] = record.files;
      const failing = firstFailure({
        fileKey: () => unwrap(record.key, wire.fileKey),
        metadata: () => unwrap(file.key, wire.data),
        noUrl: () => assert.ok(wire.url),
        content: () => open(file.key, Buffer.concat([...storedContent(file).chunks])),
      });
      assert.equal(failing, broken);
    }
  });
});

test('an answer has a null wherever Keeper has one', () => {
  const { appData, ...empty } = answerOf(createVault([]));
  assert.deepEqual(empty, {
    encryptedAppKey: null,
    appOwnerPublicKey: null,
    folders: null,
    records: null,
    expiresOn: 0,
    warnings: null,
    extra: null,
  });
  assert.match(appData, /^[A-Za-z0-9_-]+$/);

  const [record] = answerOf(createVault([{ title: 'A' }])).records;
  const { files, folderUid, innerFolderUid } = record;
  assert.deepEqual(
    { files, folderUid, innerFolderUid },
    { files: null, folderUid: null, innerFolderUid: null },
  );
});

test('an answer has the members that the published one has', () => {
  const vectors = JSON.parse(readFileSync(new URL('../vectors/ksm-vectors.json', import.meta.url), 'utf8'));
  const published = vectors.responses.get_secret.plaintext;
  const own = answerOf(createVault([{ title: 'A', folder: 'F', alsoDirect: true, files: [{ name: 'a' }] }]));
  for (const pick of [
    (answer) => answer,
    ({ folders }) => folders[0],
    ({ records }) => records[0],
    ({ folders }) => folders[0].records[0],
    ({ records }) => records[0].files[0],
  ]) {
    assert.deepEqual(Object.keys(pick(own)), Object.keys(pick(published)));
  }
});

/** The name of the first step that throws. */
function firstFailure(steps) {
  return Object.keys(steps).find((name) => {
    try {
      steps[name]();
    } catch {
      return true;
    }
  });
}
