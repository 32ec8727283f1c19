// Keeper's JavaScript SDK as a reader of a vault. A program of its own, as only a process that starts with
// NODE_EXTRA_CA_CERTS trusts the embedded Keeper in everything that the SDK does.
//
// In, as JSON: { config, notations, codes }. Out, as JSON, what `interop/readers.js` describes.

import sdk from '@keeper-security/secrets-manager-core';
import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { readJson, inProject } from '../../scripts/paths.js';

// The SDK prints what it can't read on the console; here, what is missing shows it.
console.log = console.error = console.warn = () => {};

const { config, notations, codes } = JSON.parse(await text(process.stdin));
const options = { storage: sdk.loadJsonConfig(config) };
const secrets = await sdk.getSecrets(options);

const read = {
  version: readJson(inProject('node_modules/@keeper-security/secrets-manager-core/package.json')).version,
  records: await inTurn(secrets.records, record),
  answers: {
    getValue: await inTurn(notations, (notation) => answer(() => valueOf(notation))),
    getNotationResults: await inTurn(notations, (notation) =>
      answer(() => sdk.getNotationResults(options, notation)),
    ),
  },
  codes: await inTurn(codes, code),
};
process.stdout.write(JSON.stringify(read));

/** One after the other, as the SDK keeps its keys in one place for everything that it does at a time. */
async function inTurn(list, ask) {
  const answers = [];
  for (const each of list) answers.push(await ask(each));
  return answers;
}

async function record({ recordUid, folderUid, data, files }) {
  return {
    uid: recordUid,
    folder: folderUid ?? null,
    data,
    files: await inTurn(files ?? [], attachment),
  };
}

async function attachment(file) {
  const about = { uid: file.fileUid, name: file.data.name, title: file.data.title };
  try {
    const content = await sdk.downloadFile(file);
    return { ...about, sha256: createHash('sha256').update(content).digest('hex') };
  } catch (error) {
    return { ...about, error: error.message };
  }
}

async function valueOf(notation) {
  const value = sdk.getValue(secrets, notation);
  return value?.fileUid === undefined ? value : sdk.downloadFile(value);
}

async function answer(ask) {
  try {
    const value = await ask();
    return value instanceof Uint8Array
      ? { base64: Buffer.from(value).toString('base64') }
      : { value: value ?? null };
  } catch (error) {
    return { error: error.message };
  }
}

/** The code and the half minute in which it is valid. */
async function code(uri) {
  const since = Math.floor(Date.now() / 30_000) * 30;
  const made = await sdk.getTotpCode(uri, since);
  return { code: made?.code, since };
}
