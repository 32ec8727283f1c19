/** The proxy of a request: the agent's, else the one that the machine's environment names, else none. */

import vm from 'node:vm';
import { machineProxy } from '../../pkg/core.js';
import { refuse } from '../files/disk.js';

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
 * @param {URL} url
 * @param {ChooseProxy} choose
 * @returns {Proxy | undefined}
 */
export function proxyFor(url, choose) {
  const setting = choose(url);
  if (!setting) {
    return undefined;
  }
  const proxy = parse(setting);
  const defaultPort = proxy.protocol === 'https:' ? 443 : 80;
  const user = setting.user ?? decode(proxy.username);
  const password = setting.password ?? decode(proxy.password);
  return {
    url: proxy,
    label: `${proxy.hostname}:${proxy.port || defaultPort}`,
    authorization: user || password ? basic(user, password) : undefined,
  };
}

/** @param {ProxySetting} setting */
function parse({ address, name }) {
  // `proxy:3128` is a URL of the scheme `proxy`, and not what anybody means by it.
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `http://${address}`;
  let url;
  try {
    url = new URL(written);
  } catch {
    refuse('PROXY_ADDRESS', name);
  }
  if (!['http:', 'https:'].includes(url.protocol)) {
    refuse('PROXY_SCHEME', name);
  }
  return url;
}

/**
 * @param {string} user
 * @param {string} password
 */
const basic = (user, password) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/**
 * A name or password in a URL, decoded; as it is, if its author forgot to encode it.
 *
 * @param {string} text
 */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The agent's proxy, or else the machine's.
 *
 * @param {(name: string) => string | undefined} agentVariable
 * @param {NodeJS.ProcessEnv} environment
 * @param {(text: string) => void} warn
 * @returns {ChooseProxy}
 */
export function readProxySettings(agentVariable, environment, warn) {
  const address = agentVariable('Agent.ProxyUrl')?.trim();
  if (!address) {
    const [names, values] = [
      Object.keys(environment),
      Object.values(environment).map((value) => value ?? ''),
    ];
    return ({ hostname, port }) => {
      const [name, address] = machineProxy(names, values, hostname, Number(port || 443)) ?? [];
      return name && address ? { name, address } : undefined;
    };
  }
  const expressions = readBypassList(agentVariable('Agent.ProxyBypassList'), warn);
  const setting = {
    address,
    name: 'Agent.ProxyUrl',
    user: agentVariable('Agent.ProxyUsername') || undefined,
    password: agentVariable('Agent.ProxyPassword') || undefined,
  };
  return ({ origin }) => (expressions.length > 0 && fitsOne(expressions, origin, warn) ? undefined : setting);
}

/**
 * @param {string | undefined} list
 * @param {(text: string) => void} warn
 */
function readBypassList(list, warn) {
  return parseList(list, warn).flatMap((text) => {
    try {
      return text.trim() ? [new RegExp(text.trim(), 'i')] : [];
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
 * @param {(text: string) => void} warn
 */
function fitsOne(expressions, origin, warn) {
  const context = { expressions, origin };
  try {
    return vm.runInNewContext('expressions.some((expression) => expression.test(origin))', context, {
      timeout: MATCHING_MS,
    });
  } catch {
    warn("the agent's proxy bypass list takes too long for a host, which is reached by the proxy");
    return false;
  }
}

/**
 * @param {string | undefined} list
 * @param {(text: string) => void} warn
 * @returns {string[]}
 */
function parseList(list, warn) {
  try {
    /** @type {unknown} */
    const parsed = JSON.parse(list || '[]');
    return Array.isArray(parsed) ? parsed.filter((text) => typeof text === 'string') : [];
  } catch {
    warn("the agent's proxy bypass list is not a list in JSON and is skipped");
    return [];
  }
}
