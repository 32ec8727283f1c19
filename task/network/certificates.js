/**
 * Whom the task trusts: the roots of the system, and what the author and the agent add to them. Nothing takes away from
 * them, and nothing turns the check off.
 */

import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import tls from 'node:tls';
import { readPlainFile } from '../files/read.js';

/**
 * @typedef {object} CertificateSettings
 * @property {string} caCertificate the input: a certificate in PEM or the path of a file
 * @property {string} [agentCaFile]
 * @property {{ certFile: string, keyFile?: string, archiveFile?: string, passphrase?: string }} [client]
 * @property {(text: string) => void} warn
 */

/**
 * What the connections of a run share. The agent's client certificate names the company and the machine, so it is for
 * Keeper and the proxy, and not for hosts that somebody with access to a record may choose.
 *
 * @typedef {object} SecureContexts
 * @property {tls.SecureContext} identified with the client certificate, if the agent has one
 * @property {tls.SecureContext} anonymous without it
 */

/**
 * Throws an error with a code if the author's certificate is no good.
 *
 * @param {CertificateSettings} settings
 * @returns {SecureContexts}
 */
export function createSecureContexts({ caCertificate, agentCaFile, client, warn }) {
  const additions = [...readAuthorsCertificates(caCertificate), ...readAgentsCertificates(agentCaFile, warn)];
  /** @type {tls.SecureContextOptions} */
  const options = { minVersion: 'TLSv1.2' };
  if (additions.length > 0) {
    // Only then, as it takes time: what is given here takes the place of the system's roots.
    options.ca = [...systemsCertificates(), ...additions];
  }
  const anonymous = tls.createSecureContext(options);
  if (client) {
    try {
      const identified = tls.createSecureContext({ ...options, ...readClientCertificate(client) });
      return { identified, anonymous };
    } catch (error) {
      warn(`the agent's client certificate cannot be used (${codeOf(error)})`);
    }
  }
  return { identified: anonymous, anonymous };
}

/** @returns {string[]} */
function systemsCertificates() {
  // Newer versions of Node tell them all, whichever way they were added to.
  const { getCACertificates } = /** @type {{ getCACertificates?: (type: 'default') => string[] }} */ (tls);
  if (getCACertificates) {
    return getCACertificates('default');
  }
  const file = process.env.NODE_EXTRA_CA_CERTS;
  try {
    return [...tls.rootCertificates, ...(file ? [fs.readFileSync(file, 'utf8')] : [])];
  } catch {
    // Node has said so itself when it started.
    return [...tls.rootCertificates];
  }
}

const BEGIN = '-----BEGIN CERTIFICATE-----';

/** @param {string} input */
function readAuthorsCertificates(input) {
  if (input.trim() === '') {
    return [];
  }
  return parse(input.includes('-----BEGIN') ? Buffer.from(input) : readNamedFile(input.trim()));
}

/** The system's own bundles have a quarter of a mebibyte. */
const MAX_CA_SIZE = 4 * 1024 * 1024;

/** @param {string} path */
function readNamedFile(path) {
  try {
    return readPlainFile(path, MAX_CA_SIZE);
  } catch {
    throw refusal('CA_UNREADABLE');
  }
}

/**
 * @param {string | undefined} path
 * @param {(text: string) => void} warn
 */
function readAgentsCertificates(path, warn) {
  if (!path) {
    return [];
  }
  try {
    return parse(fs.readFileSync(path));
  } catch (error) {
    warn(`the agent's CA file \`${path}\` cannot be read (${codeOf(error)}) and is passed over`);
    return [];
  }
}

/**
 * The certificates in a text, or the one in DER. Keys and whatever else stands in such a file are left aside.
 *
 * @param {Buffer} bytes
 */
function parse(bytes) {
  if (!bytes.includes('-----BEGIN')) {
    return [readCertificate(bytes, 'CA_MISSING')];
  }
  const blocks = bytes.toString().match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    throw refusal('CA_MISSING');
  }
  return blocks.map((block) => readCertificate(restoreLines(block), 'CA_BROKEN'));
}

/**
 * @param {Buffer | string} certificate
 * @param {string} code
 */
function readCertificate(certificate, code) {
  try {
    return new X509Certificate(certificate).toString();
  } catch {
    throw refusal(code);
  }
}

/**
 * A variable of a pipeline may have lost its line breaks, or hold them as `\n`.
 *
 * @param {string} block
 */
function restoreLines(block) {
  const base64 = block.slice(BEGIN.length, block.lastIndexOf('-----END')).replace(/\\[rn]|\s/g, '');
  return [BEGIN, ...(base64.match(/.{1,64}/g) ?? []), '-----END CERTIFICATE-----', ''].join('\n');
}

/** @param {NonNullable<CertificateSettings['client']>} client */
function readClientCertificate({ certFile, keyFile, archiveFile, passphrase }) {
  if (keyFile) {
    return { cert: fs.readFileSync(certFile), key: fs.readFileSync(keyFile), passphrase };
  }
  return { pfx: fs.readFileSync(archiveFile ?? certFile), passphrase };
}

/** @param {string} code */
const refusal = (code) => Object.assign(new Error('no certificate'), { code, detail: 'caCertificate' });

/** @param {unknown} error */
const codeOf = (error) => /** @type {NodeJS.ErrnoException} */ (error).code ?? 'unknown';
