// The baseline: what the official task does, with Keeper's JavaScript SDK and the task library 4 from node_modules, all
// records, one value after the other. Written for the benchmark; it does no more than that task does.

import sdk from '@keeper-security/secrets-manager-core';
import { writeFileSync } from 'node:fs';
import tl from 'azure-pipelines-task-lib-4/task.js';

const config = tl.getInput('keepersecretconfig', true);
const lines = tl.getDelimitedInput('secrets', '\n', true).map((line) => {
  const split = line.lastIndexOf('>');
  return { notation: line.slice(0, split).trim(), destination: line.slice(split + 1).trim() };
});

const uids = lines.map(({ notation }) => notation.split('/')[0]);
const filter = uids.every((uid) => /^[\w-]{22}$/.test(uid)) ? [...new Set(uids)] : [];
const secrets = await sdk.getSecrets({ storage: sdk.loadJsonConfig(config) }, filter);
for (const { notation, destination } of lines) {
  const value = sdk.getValue(secrets, notation);
  const [kind, name] = destination.split(/:(.*)/s);
  if (kind === 'file') {
    writeFileSync(name, await sdk.downloadFile(value));
  } else {
    tl.setSecret(value);
    tl.setVariable(name, value, true, kind === 'out');
  }
}
tl.setResult(tl.TaskResult.Succeeded, '');
