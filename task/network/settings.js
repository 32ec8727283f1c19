/** What the author and the agent set for the network: by which proxy a host is reached, and whom the task trusts. */

import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import tls from 'node:tls';
import vm from 'node:vm';
import {
  certificatePath,
  certificateWarning,
  certificatesInPem,
  machineProxy,
  proxyAuthorization,
  proxyExceptions,
  proxyUrl,
} from '../../pkg/core.js';
import { refuse } from '../files/disk.js';
import { readPlainFile } from '../files/paths.js';

/** @typedef {(text: string) => void} Warn */

/**
 * @typedef {object} Proxy
 * @property {URL} url
 * @property {string} label host and port, all of it that may be shown
 * @property {string} [authorization] the header by which it is logged in to
 *
 * @typedef {object} ProxySetting
 * @property {string} address as written
 * @property {string} name of the setting
 * @property {string} [user]
 * @property {string} [password]
 *
 * @typedef {(url: URL) => ProxySetting | undefined} ChooseProxy nothing for what is reached directly
 */

/**
 * The proxy for an address, or nothing for the direct way. Throws an error with a code if the setting is invalid: going
 * directly instead could be what the proxy is there to prevent.
 *
 * @param {URL} target
 * @param {ChooseProxy} choose
 * @returns {Proxy | undefined}
 */
export function proxyFor(target, choose) {
  const setting = choose(target);
  if (!setting) {
    return undefined;
  }
  const { name, user, password } = setting;
  const url = parseUrl(proxyUrl(setting.address)) ?? refuse('PROXY_ADDRESS', name);
  if (!['http:', 'https:'].includes(url.protocol)) {
    refuse('PROXY_SCHEME', name);
  }
  // What is special in a password, such as `#`, has to be encoded: else it ends the host, which the log names.
  if (`${url.pathname}${url.search}${url.hash}`.includes('@')) {
    refuse('PROXY_ADDRESS', name);
  }
  return {
    url,
    label: `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`,
    authorization: proxyAuthorization(user, password, url.username, url.password),
  };
}

/** A URL, if a text is one. @param {string} text @param {URL} [base] */
export function parseUrl(text, base) {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/**
 * The agent's proxy, or else the machine's.
 *
 * @param {(name: string) => string | undefined} agentVariable
 * @param {NodeJS.ProcessEnv} environment
 * @param {Warn} warn
 * @returns {ChooseProxy}
 */
export function readProxySettings(agentVariable, environment, warn) {
  const address = agentVariable('Agent.ProxyUrl')?.trim();
  if (!address) {
    const names = Object.keys(environment);
    const values = names.map((name) => environment[name] ?? '');
    return ({ hostname, port }) => {
      const [name, address] = machineProxy(names, values, hostname, Number(port || 443)) ?? [];
      return name && address ? { name, address } : undefined;
    };
  }
  const setting = {
    address,
    name: 'Agent.ProxyUrl',
    user: agentVariable('Agent.ProxyUsername') || undefined,
    password: agentVariable('Agent.ProxyPassword') || undefined,
  };
  const exceptions = readExceptions(agentVariable('Agent.ProxyBypassList'), warn);
  return ({ origin }) => (isException(exceptions, origin, warn) ? undefined : setting);
}

/** @param {string | undefined} list @param {Warn} warn */
function readExceptions(list, warn) {
  const expressions = proxyExceptions(list || '[]');
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

/** So long may the expressions be tried on one host, in milliseconds. */
const MATCHING_MS = 500;

/**
 * Matches as the agent does: against scheme, host and a port that is not the usual one, and nothing that a server could
 * add. An expression may take exponential time on a host that is chosen for it, so time is limited.
 *
 * @param {RegExp[]} expressions
 * @param {string} origin
 * @param {Warn} warn
 */
function isException(expressions, origin, warn) {
  if (expressions.length === 0) {
    return false;
  }
  const code = 'expressions.some((expression) => expression.test(origin))';
  try {
    return vm.runInNewContext(code, { expressions, origin }, { timeout: MATCHING_MS });
  } catch {
    warn("the agent's proxy bypass list takes too long to match a host, so the proxy is used");
    return false;
  }
}

/**
 * @typedef {object} CertificateSettings
 * @property {string} caCertificate the input: certificates in PEM or the path of a file
 * @property {string} [agentCaFile]
 * @property {{ certFile: string, keyFile?: string, archiveFile?: string, passphrase?: string }} [client]
 * @property {Warn} warn
 */

const INPUT = 'caCertificate';
/** The system's own bundles have a quarter of a mebibyte. */
const MAX_CA_SIZE = 4 * 1024 * 1024;

/**
 * Whom the connections of a run trust: what Node trusts, and what the author and the agent add to it. Nothing takes away
 * from that, and nothing turns the check off. The agent's client certificate names the company and the machine, so it is
 * for Keeper and the proxy, and not for hosts that whoever edits a record may choose.
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

/** @type {tls.SecureContextOptions} */
const TLS = { minVersion: 'TLSv1.2' };

/** @param {CertificateSettings['client']} client @param {Warn} warn */
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
  return keyFile
    ? { cert: fs.readFileSync(certFile), key: fs.readFileSync(keyFile), passphrase }
    : { pfx: fs.readFileSync(archiveFile ?? certFile), passphrase };
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

/** @param {string | undefined} path of a file that Node has read, or has said that it cannot */
function readExtra(path) {
  try {
    return path ? parse(fs.readFileSync(path), path, () => {}) : [];
  } catch {
    return [];
  }
}

/**
 * The certificates in a text, or the one in DER. Keys and whatever else such a file holds are left aside, and so are
 * certificates that cannot be read, as long as others can.
 *
 * @param {Buffer} bytes
 * @param {string} source whose they are
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

/** @param {unknown} error */
const codeOf = (error) => /** @type {NodeJS.ErrnoException} */ (error).code ?? 'unknown';
