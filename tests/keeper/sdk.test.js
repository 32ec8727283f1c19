// Keeper's own SDK reads what the description says: an independent judge of the embedded Keeper.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exampleVault, sampleVault } from './samples.js';
import { startKeeper } from './server.js';

describe("Keeper's own SDK", () => {
  let keeper;
  let read;

  before(async () => {
    keeper = await startKeeper({ holds: sampleVault() });
    read = await readWithSdk(keeper, notationsOf(keeper.vault));
  });
  after(() => keeper.close());

  test('accepts the answer, and the server accepts its requests', () => {
    assert.deepEqual(read.appData, { title: 'Embedded Keeper', type: 'general' });
    for (const request of keeper.requests) assert.equal(request.verified, true, request.refused);
  });

  test('finds every copy of every record, direct ones first, then folder by folder', () => {
    const direct = keeper.vault.records.filter((record) => record.direct).map(({ uid }) => [uid, undefined]);
    const inFolders = keeper.vault.folders.flatMap((folder) =>
      keeper.vault.records
        .filter(({ folders }) => folders.includes(folder))
        .map((record) => [record.uid, folder.uid]),
    );

    const found = read.records.map(({ recordUid, folderUid }) => [recordUid, folderUid]);

    assert.deepEqual(found, [...direct, ...inFolders]);
  });

  test('reads every record as described', () => {
    for (const [index, described] of sampleVault().records.entries()) {
      const { uid, files } = keeper.vault.records[index];
      for (const { data } of read.records.filter(({ recordUid }) => recordUid === uid)) {
        assert.deepEqual(data, dataOf(described, files), described.title);
      }
    }
  });

  test('reads every field by its notation', () => {
    const notations = notationsOf(keeper.vault);
    assert.ok(notations.length > 60, 'the sample has many fields');
    for (const [index, { notation, expected }] of notations.entries()) {
      assert.deepEqual(read.values[index], { value: expected }, notation);
    }
  });

  test('downloads every attachment as described', () => {
    const files = read.records.flatMap((record) => record.files);
    assert.equal(files.length, keeper.vault.recordTitled('Attachments').files.length);
    for (const { fileUid, metadata, base64 } of files) {
      const file = keeper.vault.fileWithUid(fileUid);
      assert.deepEqual(metadata, file.metadata, file.name);
      assert.equal(base64, Buffer.concat([...file.chunks()]).toString('base64'), file.name);
    }
  });

  test('reads the vault of the documented example', async () => {
    const example = await startKeeper({ holds: exampleVault(), keyId: '10' });
    try {
      const record = '6ya_fdc6XTsZ7i7x4Jcodg';
      const { records, values } = await readWithSdk(example, [
        { notation: `${record}/field/password` },
        { notation: `${record}/custom_field/notes` },
      ]);
      assert.deepEqual(values, [{ value: 's3cr3t-p4ssw0rd' }, { value: 'remember the milk' }]);
      assert.match(Buffer.from(records[0].files[0].base64, 'base64').toString(), /^#!\/bin\/sh\n/);
    } finally {
      await example.close();
    }
  });
});

test('the sample vault has every standard field type', () => {
  const described = sampleVault().records.flatMap(({ fields, fileRef }) => [
    ...fields.map(({ type }) => type),
    ...(fileRef ? ['fileRef'] : []),
  ]);
  const missing = STANDARD_FIELD_TYPES.filter((type) => !described.includes(type));
  assert.deepEqual(missing, []);
});

/** The record's JSON, which contains nothing that was not described. */
function dataOf({ title, type = 'login', notes, fields, custom, fileRef }, files) {
  const references = fileRef ? [{ type: 'fileRef', value: files.map(({ uid }) => uid) }] : [];
  return JSON.parse(JSON.stringify({ title, type, notes, fields: [...fields, ...references], custom }));
}

/** Each field once by its type and once by its label, where these are not shared with an earlier one. */
function notationsOf({ records }) {
  const reachable = records.filter(
    ({ title }, index) => index === records.findIndex((r) => r.title === title),
  );
  return reachable.flatMap(({ uid, title, data }) => [
    ...fieldNotations(`${uid}/field`, data.fields),
    ...fieldNotations(`${escaped(title)}/custom_field`, data.custom ?? []),
    { notation: `keeper://${escaped(title)}/title`, expected: title },
  ]);
}

function fieldNotations(prefix, fields) {
  const names = fields.flatMap(({ type, label }) => (label === undefined ? [type] : [type, label]));
  return [...new Set(names)].map((name) => ({
    notation: `${prefix}/${escaped(name)}[]`,
    expected: fields.find(({ type, label }) => type === name || label === name).value,
  }));
}

const escaped = (text) => text.replace(/[\\/[\]]/g, '\\$&');

async function readWithSdk(keeper, notations) {
  const folder = await mkdtemp(join(tmpdir(), 'embedded-keeper-'));
  try {
    const ca = join(folder, 'ca.pem');
    await writeFile(ca, keeper.caPem);
    const reader = spawn(process.execPath, [fileURLToPath(new URL('sdk-reader.js', import.meta.url))], {
      // Silences Node's own warnings, which are not about the vault, unlike what the SDK prints.
      env: { ...process.env, NODE_EXTRA_CA_CERTS: ca, NODE_NO_WARNINGS: '1' },
    });
    reader.stdin.end(
      JSON.stringify({ config: keeper.configBase64, notations: notations.map(({ notation }) => notation) }),
    );
    const [output, complaints] = await Promise.all([text(reader.stdout), text(reader.stderr)]);
    assert.equal(complaints, '');
    return JSON.parse(output);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const STANDARD_FIELD_TYPES = `
  login password url email text multiline secret note pinCode accountNumber licenseNumber dropdown
  wifiEncryption directoryType databaseType rbiUrl trafficEncryptionSeed oneTimeCode otp fileRef cardRef
  addressRef recordRef date birthDate expirationDate checkbox isSSIDHidden name phone address host pamHostname
  securityQuestion paymentCard bankAccount keyPair passkey script schedule pamResources pamSettings
  pamRemoteBrowserSettings appFiller`
  .trim()
  .split(/\s+/);
