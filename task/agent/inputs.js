/** What the author and the agent set: the task's inputs, the files that they name, the network. */

import * as tl from 'azure-pipelines-task-lib/task.js';
import { readPlainFile } from '../files/read.js';
import { readProxySettings } from '../network/proxy.js';
import { isGivenInClear, withheldPassword } from './secrets.js';

/** @returns {Required<import('../../pkg/core.js').Inputs>} */
export function readInputs() {
  const connection = tl.getInput('keeperConnection') ?? '';
  const secret =
    tl.getEndpointAuthorizationParameter(connection, 'apitoken', true) ??
    // The library takes away what is not empty.
    process.env[`ENDPOINT_AUTH_PARAMETER_${connection}_APITOKEN`];
  const environment = process.env.KSM_CONFIG ?? '';
  // Programs that are started from here need not know it.
  delete process.env.KSM_CONFIG;
  return {
    connection: secret ?? '',
    isOtherConnection: Boolean(connection) && secret === undefined,
    config: tl.getInput('keepersecretconfig') ?? '',
    isConfigInClear: isGivenInClear(),
    environment,
    secrets: tl.getInput('secrets') ?? '',
    secretsFile: tl.getInput('secretsFile') ?? '',
    templates: tl.getInput('templates') ?? '',
    mode: tl.getInput('mode') ?? '',
    outputPolicy: tl.getInput('outputPolicy') ?? '',
    keepFiles: tl.getInput('keepFiles') ?? '',
    timeoutInSeconds: tl.getInput('timeoutInSeconds') ?? '',
  };
}

/** Mapping lines and templates are short; what is longer is something else. So much may one have, and all of them. */
const MAX_FILE_SIZE = 4 * 1024 * 1024;
const MAX_FILES_SIZE = 64 * 1024 * 1024;

/** @param {string[]} paths @returns {import('../../pkg/core.js').FileOutcome[]} */
export function readFiles(paths) {
  let left = MAX_FILES_SIZE;
  return paths.map((path) => {
    try {
      const body = readPlainFile(path, MAX_FILE_SIZE);
      left -= body.length;
      return left < 0 ? { code: 'TOO_MUCH' } : { body };
    } catch (error) {
      return { code: /** @type {import('../../pkg/core.js').FileOutcome} */ (error).code ?? 'UNKNOWN' };
    }
  });
}

/**
 * @param {{ warn: (text: string) => void, log: (text: string) => void }} report
 * @returns {import('../network/network.js').NetworkSettings}
 */
export function readNetworkSettings({ warn, log }) {
  return {
    proxy: readProxySettings(agentVariable, process.env, warn),
    certificates: {
      caCertificate: tl.getInput('caCertificate') ?? '',
      agentCaFile: tl.getVariable('Agent.CAInfo'),
      client: readClientCertificate(),
      warn,
    },
    log,
  };
}

/** @param {string} name */
const agentVariable = (name) => withheldPassword(name) ?? tl.getVariable(name);

function readClientCertificate() {
  const certFile = tl.getVariable('Agent.ClientCert');
  return certFile
    ? {
        certFile,
        keyFile: tl.getVariable('Agent.ClientCertKey'),
        archiveFile: tl.getVariable('Agent.ClientCertArchive'),
        passphrase: agentVariable('Agent.ClientCertPassword'),
      }
    : undefined;
}
