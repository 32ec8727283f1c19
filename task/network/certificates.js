/**
 * Whom the task trusts: what Node trusts, and what the author and the agent add to it. Nothing takes away from that, and
 * nothing turns the check off.
 */

import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import tls from 'node:tls';
import { certificatesInPem } from '../../pkg/core.js';
import { refuse } from '../files/disk.js';
import { readPlainFile } from '../files/paths.js';

/**
 * @typedef {object} CertificateSettings
 * @property {string} caCertificate the input: certificates in PEM or the path of a file
 * @property {string} [agentCaFile]
 * @property {{ certFile: string, keyFile?: string, archiveFile?: string, passphrase?: string }} [client]
 * @property {(text: string) => void} warn
 */

/** The input. */
const INPUT = 'caCertificate';
/** The system's own bundles have a quarter of a mebibyte. */
const MAX_CA_SIZE = 4 * 1024 * 1024;

/**
 * What the connections of a run share. The agent's client certificate names the company and the machine, so it is for
 * Keeper and the proxy, and not for hosts that whoever edits a record may choose.
 */
export class Trust {
  /** With the client certificate, if the agent has one. */
  identified;
  /** Without it. */
  anonymous;
  #hasSystems = false;

  /**
   * Throws an error with a code if the author's certificates cannot be used.
   *
   * @param {CertificateSettings} settings
   */
  constructor({ caCertificate, agentCaFile, client, warn }) {
    const additions = [...readAuthors(caCertificate, warn), ...readAgents(agentCaFile, warn)];
    this.anonymous = tls.createSecureContext(TLS);
    this.identified = identify(client, warn) ?? this.anonymous;
    if (additions.length > 0) {
      this.#add(additions);
    }
  }

  /** Whether there is a store that was not asked yet. */
  get canGrow() {
    return !this.#hasSystems && 'getCACertificates' in tls;
  }

  /** Trusts the system's store as well. That takes a fifth of a second, so it is for when nothing else helped. */
  grow() {
    if (this.canGrow) {
      this.#hasSystems = true;
      // From Node 22.15 on.
      const { getCACertificates } = /** @type {any} */ (tls);
      this.#add(getCACertificates('system'));
    }
  }

  /**
   * Unlike the option `ca`, which replaces everything that Node trusts otherwise, by SSL_CERT_FILE for example. Of
   * that, Node 16 and 20 forget only the file in NODE_EXTRA_CA_CERTS.
   *
   * @param {string[]} certificates
   */
  #add(certificates) {
    const all = [...readExtra(process.env.NODE_EXTRA_CA_CERTS), ...certificates];
    for (const { context } of new Set([this.anonymous, this.identified])) {
      all.forEach((certificate) => context.addCACert(certificate));
    }
  }
}

/** @param {string | undefined} path of a file that Node has read, or has said that it cannot */
function readExtra(path) {
  try {
    return path ? parse(fs.readFileSync(path), path, () => {}) : [];
  } catch {
    return [];
  }
}

/** @type {tls.SecureContextOptions} */
const TLS = { minVersion: 'TLSv1.2' };

/**
 * @param {CertificateSettings['client']} client
 * @param {(text: string) => void} warn
 */
function identify(client, warn) {
  try {
    return client && tls.createSecureContext({ ...TLS, ...readClientCertificate(client) });
  } catch (error) {
    warn(`the agent's client certificate cannot be used (${codeOf(error)})`);
    return undefined;
  }
}

/** @param {NonNullable<CertificateSettings['client']>} client */
function readClientCertificate({ certFile, keyFile, archiveFile, passphrase }) {
  if (keyFile) {
    return { cert: fs.readFileSync(certFile), key: fs.readFileSync(keyFile), passphrase };
  }
  return { pfx: fs.readFileSync(archiveFile ?? certFile), passphrase };
}

/**
 * @param {string} input
 * @param {(text: string) => void} warn
 */
function readAuthors(input, warn) {
  if (input.trim() === '') {
    return [];
  }
  return parse(input.includes('-----BEGIN') ? Buffer.from(input) : readNamed(input), INPUT, warn);
}

/** @param {string} path perhaps in quotes, as on a command line */
function readNamed(path) {
  try {
    return readPlainFile(path.trim().replace(/^(["'])(.*)\1$/, '$2'), MAX_CA_SIZE);
  } catch {
    refuse('CA_UNREADABLE', INPUT);
  }
}

/**
 * @param {string | undefined} path
 * @param {(text: string) => void} warn
 */
function readAgents(path, warn) {
  if (!path) {
    return [];
  }
  try {
    return parse(readPlainFile(path, MAX_CA_SIZE), path, warn);
  } catch (error) {
    warn(`the agent's CA file \`${path}\` cannot be read (${codeOf(error)}) and is skipped`);
    return [];
  }
}

/**
 * The certificates in a text, or the one in DER. Keys and whatever else such a file holds are left aside, and so are
 * certificates that cannot be read, as long as others can.
 *
 * @param {Buffer} bytes
 * @param {string} source whose they are
 * @param {(text: string) => void} warn
 * @returns {string[]}
 */
function parse(bytes, source, warn) {
  const blocks = certificatesInPem(bytes);
  if (!blocks) {
    return [read(bytes) ?? refuse('CA_MISSING', INPUT)];
  }
  const certificates = blocks.map(read);
  const good = certificates.flatMap((certificate) => certificate ?? []);
  if (good.length === 0) {
    refuse(certificates.length === 0 ? 'CA_MISSING' : 'CA_BROKEN', INPUT);
  }
  const bad = certificates.flatMap((certificate, index) => (certificate ? [] : [index + 1]));
  if (bad.length > 0) {
    const numbers = bad.length > 5 ? `${bad.slice(0, 5).join(', ')} and others` : bad.join(', ');
    warn(
      `\`${source}\` holds ${certificates.length} certificates, of which these cannot be read: ${numbers}`,
    );
  }
  return good;
}

/** @param {Buffer | string} certificate @returns {string | undefined} in PEM */
function read(certificate) {
  try {
    return new X509Certificate(certificate).toString();
  } catch {
    return undefined;
  }
}

/** @param {unknown} error */
const codeOf = (error) => /** @type {NodeJS.ErrnoException} */ (error).code ?? 'unknown';
