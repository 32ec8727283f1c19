/** The author's and the agent's network settings: which proxy leads to a host, and which certificates are trusted. */

import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import tls from 'node:tls';
import vm from 'node:vm';
import { certificatePath, certificateWarning, certificatesInPem } from '../../pkg/core.js';
import { readPlainFile } from '../files/paths.js';
import { codeOf, refuse } from '../files/work.js';

/** @import { Environment, Proxy } from '../../pkg/core.js' */
/** @typedef {(text: string) => void} Warn */
/** @typedef {(url: URL) => Proxy | undefined} ChooseProxy undefined for a direct connection */

/** A URL, if a text is one. @param {string} text @param {URL} [base] */
export function parseUrl(text, base) {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** Time limit for matching the bypass expressions against one host, in milliseconds. */
const MATCHING_MS = 500;

/**
 * The agent's proxy, unless its bypass list matches, or else the machine's. Matching follows the agent: against the
 * scheme, the host and a non-default port, and nothing that a server could add.
 *
 * Choosing throws an object with a code if the setting is invalid.
 *
 * @param {Environment} environment
 * @param {Warn} warn
 * @returns {ChooseProxy}
 */
export function readProxySettings(environment, warn) {
  let expressions = readExceptions(environment, warn);
  /** Results of matching, by origin. @type {Map<string, boolean>} */
  const exceptions = new Map();
  /** @param {string} origin @returns {boolean} */
  const isException = (origin) => {
    try {
      const code = 'expressions.some((expression) => expression.test(origin))';
      return (
        expressions.length > 0 && vm.runInNewContext(code, { expressions, origin }, { timeout: MATCHING_MS })
      );
    } catch {
      // Matching can take exponential time on a host that is crafted for it. One such host is enough.
      expressions = [];
      warn("the agent's proxy bypass list takes too long to match a host, so the proxy is used");
      return false;
    }
  };
  return ({ origin, hostname, port }) => {
    const isDirect = exceptions.get(origin) ?? isException(origin);
    exceptions.set(origin, isDirect);
    return isDirect ? undefined : environment.proxyFor(hostname, Number(port || 443));
  };
}

/** @param {Environment} environment @param {Warn} warn */
function readExceptions(environment, warn) {
  const expressions = environment.proxyExceptions();
  if (!expressions) {
    warn("the agent's proxy bypass list is not a list in JSON and is skipped");
  }
  return (expressions ?? []).flatMap((text) => {
    try {
      return [new RegExp(text.trim(), 'i')];
    } catch {
      warn(`the agent's proxy bypass \`${text.slice(0, 100)}\` is not a regular expression and is skipped`);
      return [];
    }
  });
}

/**
 * @typedef {object} CertificateSettings
 * @property {string} caCertificate the input: certificates in PEM or the path of a file
 * @property {string} [agentCaFile]
 * @property {{ certFile: string, keyFile?: string, archiveFile?: string, passphrase?: string }} [client]
 * @property {Warn} warn
 */

const INPUT = 'caCertificate';
/** Largest CA file, in bytes. The bundles of operating systems have a quarter of a mebibyte. */
const MAX_CA_SIZE = 4 * 1024 * 1024;

/**
 * The certificates that connections trust: those of Node, and those that the author and the agent add. Nothing removes
 * any, and nothing turns verification off. The agent's client certificate identifies the company and the machine, so it
 * is shown to Keeper and the proxy, but not to hosts that anyone who edits a record can choose.
 */
export class Trust {
  /** With the client certificate, if the agent has one. */
  identified;
  /** Without it. */
  anonymous;
  #hasSystems = false;

  /** Throws an error with a code if the author's certificates cannot be used. @param {CertificateSettings} settings */
  constructor({ caCertificate, agentCaFile, client, warn }) {
    const additions = [...readAuthors(caCertificate, warn), ...readAgents(agentCaFile, warn)];
    this.anonymous = tls.createSecureContext(TLS);
    this.identified = identify(client, warn) ?? this.anonymous;
    if (additions.length > 0) {
      this.#add(additions);
    }
  }

  /** Whether the system's store is available and not loaded yet. */
  get canGrow() {
    return !this.#hasSystems && 'getCACertificates' in tls;
  }

  /** Trusts the system's store as well. Loading it takes a fifth of a second, so this is the last resort. */
  grow() {
    if (this.canGrow) {
      this.#hasSystems = true;
      // Since Node 22.15.
      const { getCACertificates } = /** @type {any} */ (tls);
      this.#add(getCACertificates('system'));
    }
  }

  /**
   * Adds to what Node trusts; the option `ca` would replace all of it, including what SSL_CERT_FILE names. Node 16 and
   * 20 then drop only the certificates in NODE_EXTRA_CA_CERTS, so these are added again.
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

/** @type {tls.SecureContextOptions} */
const TLS = { minVersion: 'TLSv1.2' };

/** @param {CertificateSettings['client']} client @param {Warn} warn */
function identify(client, warn) {
  if (!client) {
    return undefined;
  }
  const { certFile, keyFile, archiveFile, passphrase } = client;
  try {
    const files = keyFile
      ? { cert: fs.readFileSync(certFile), key: fs.readFileSync(keyFile) }
      : { pfx: fs.readFileSync(archiveFile ?? certFile) };
    return tls.createSecureContext({ ...TLS, ...files, passphrase });
  } catch (error) {
    // OpenSSL has no code for some faults of an archive, such as a wrong password, but a message that quotes nothing.
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    warn(`the agent's client certificate cannot be used (${code ?? message})`);
    return undefined;
  }
}

/** @param {string} input @param {Warn} warn */
function readAuthors(input, warn) {
  const path = certificatePath(input);
  if (path === undefined) {
    return input.trim() ? parse(Buffer.from(input), INPUT, warn) : [];
  }
  let bytes;
  try {
    bytes = readPlainFile(path, MAX_CA_SIZE);
  } catch {
    refuse('CA_UNREADABLE', INPUT);
  }
  return parse(bytes, INPUT, warn);
}

/** @param {string | undefined} path @param {Warn} warn */
function readAgents(path, warn) {
  try {
    return path ? parse(readPlainFile(path, MAX_CA_SIZE), path, warn) : [];
  } catch (error) {
    warn(`the agent's CA file \`${path}\` cannot be read (${codeOf(error)}) and is skipped`);
    return [];
  }
}

/** @param {string | undefined} path of a file that Node has read already, or has warned that it cannot */
function readExtra(path) {
  try {
    return path ? parse(fs.readFileSync(path), path, () => {}) : [];
  } catch {
    return [];
  }
}

/**
 * The certificates in PEM, or the one in DER. Keys and whatever else such a file holds are ignored, and so are
 * certificates that cannot be read, as long as others can.
 *
 * @param {Buffer} bytes
 * @param {string} source the input or file that they come from
 * @param {Warn} warn
 * @returns {string[]} in PEM
 */
function parse(bytes, source, warn) {
  const found = certificatesInPem(bytes);
  const certificates = (found ?? [bytes]).map(readCertificate);
  const good = certificates.flatMap((certificate) => certificate ?? []);
  if (good.length === 0) {
    refuse(found?.length ? 'CA_BROKEN' : 'CA_MISSING', INPUT);
  }
  const bad = certificates.flatMap((certificate, index) => (certificate ? [] : [index + 1]));
  const warning = certificateWarning(source, certificates.length, Uint32Array.from(bad));
  if (warning) {
    warn(warning);
  }
  return good;
}

/** @param {Buffer | string} certificate @returns {string | undefined} in PEM */
function readCertificate(certificate) {
  try {
    return new X509Certificate(certificate).toString();
  } catch {
    return undefined;
  }
}
