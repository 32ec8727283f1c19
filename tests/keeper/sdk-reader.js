// Keeper's own SDK as a reader of a vault. It is a program of its own because NODE_EXTRA_CA_CERTS, which makes all of the SDK
// trust the embedded Keeper, is read when a process starts.
//
// In, as JSON: { config, notations }. Out: { records, values }, one value or error for each notation.

import sdk from '@keeper-security/secrets-manager-core';
import { text } from 'node:stream/consumers';

const { config, notations } = JSON.parse(await text(process.stdin));
const secrets = await sdk.getSecrets({ storage: sdk.loadJsonConfig(config) });

const records = [];
for (const { recordUid, folderUid, data, files = [] } of secrets.records) {
  records.push({ recordUid, folderUid, data, files: await Promise.all(files.map(download)) });
}
const values = notations.map((notation) => {
  try {
    return { value: sdk.getValue(secrets, notation) };
  } catch (error) {
    return { error: error.message };
  }
});
process.stdout.write(JSON.stringify({ appData: secrets.appData, records, values }));

async function download(file) {
  const content = await sdk.downloadFile(file);
  return { fileUid: file.fileUid, metadata: file.data, base64: Buffer.from(content).toString('base64') };
}
