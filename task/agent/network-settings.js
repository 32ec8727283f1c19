/** The settings of the network: the agent's, the machine's and the author's. */

import * as tl from 'azure-pipelines-task-lib/task.js';
import { readProxySettings } from '../network/proxy.js';
import { withheldPassword } from './secrets.js';

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
