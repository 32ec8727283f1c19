/** What the author and the agent configure: the task's inputs, the files that they name, the network. */

import * as tl from 'azure-pipelines-task-lib/task.js';
import { readPlainFile } from '../files/paths.js';
import { readProxySettings } from '../network/settings.js';
import { print, warn } from './commands.js';
import { environment, passphrase } from './secrets.js';

/** @import { FileOutcome, Inputs } from '../../pkg/core.js' */
/** @import { NetworkSettings } from '../network/network.js' */

/** @param {string} name */
const input = (name) => tl.getInput(name) ?? '';

/** @returns {Required<Inputs>} */
export function readInputs() {
  const connection = input('keeperConnection');
  const secret =
    tl.getEndpointAuthorizationParameter(connection, 'apitoken', true) ??
    // The library leaves an empty one in the environment.
    process.env[`ENDPOINT_AUTH_PARAMETER_${connection}_APITOKEN`];
  const ofEnvironment = process.env.KSM_CONFIG ?? '';
  // Child processes do not need it.
  delete process.env.KSM_CONFIG;
  return {
    connection: secret ?? '',
    isOtherConnection: Boolean(connection) && secret === undefined,
    config: input('keepersecretconfig'),
    environment: ofEnvironment,
    secrets: input('secrets'),
    secretsFile: input('secretsFile'),
    templates: input('templates'),
    mode: input('mode'),
    outputPolicy: input('outputPolicy'),
    keepFiles: input('keepFiles'),
    timeoutInSeconds: input('timeoutInSeconds'),
  };
}

/** Size limits in bytes, for one file and for all. Mapping lines and templates are short: what is longer is not one. */
const MAX_FILE_SIZE = 4 * 1024 * 1024;
const MAX_FILES_SIZE = 64 * 1024 * 1024;

/** @param {string[]} paths @returns {FileOutcome[]} */
export function readFiles(paths) {
  let left = MAX_FILES_SIZE;
  return paths.map((path) => {
    try {
      const bytes = readPlainFile(path, MAX_FILE_SIZE);
      left -= bytes.length;
      return left < 0 ? { code: 'TOO_MUCH' } : { body: [bytes] };
    } catch (error) {
      return { code: /** @type {FileOutcome} */ (error).code ?? 'UNKNOWN' };
    }
  });
}

/** @returns {NetworkSettings} */
export function readNetworkSettings() {
  const certFile = tl.getVariable('Agent.ClientCert');
  return {
    proxy: readProxySettings(environment, warn),
    certificates: {
      caCertificate: input('caCertificate'),
      agentCaFile: tl.getVariable('Agent.CAInfo'),
      client: certFile
        ? {
            certFile,
            keyFile: tl.getVariable('Agent.ClientCertKey'),
            archiveFile: tl.getVariable('Agent.ClientCertArchive'),
            passphrase,
          }
        : undefined,
      warn,
    },
    log: print,
  };
}
