/**
 * This file is where the proxy's password is masked, in the forms in which it may show. The agent knows it as a secret
 * in one form at most, and the task library prints the agent's proxy when it loads, so this runs before.
 */

import { printMask } from './masks.js';
import { basic, decode } from './proxy.js';

/** A shorter text would be hidden all over the log. */
const MIN_LENGTH = 4;

const { AGENT_PROXYUSERNAME: user = '', SECRET_AGENT_PROXYPASSWORD: password = '' } = process.env;
const addresses = Object.entries(process.env)
  .filter(([name]) => ['agent_proxyurl', 'https_proxy'].includes(name.toLowerCase()))
  .map(([, address]) => address ?? '');
const texts = [...formsOf(user, password), ...addresses.flatMap(formsInAddress)];
for (const text of new Set(texts)) {
  if (text.length >= MIN_LENGTH) {
    printMask(text);
  }
}

/**
 * @param {string} address
 * @returns {string[]}
 */
function formsInAddress(address) {
  const [, writtenUser = '', writtenPassword = ''] = /^[^/]*\/\/([^:/]*):([^/]*)@/.exec(address) ?? [];
  return [writtenPassword, ...formsOf(decode(writtenUser), decode(writtenPassword))];
}

/**
 * @param {string} user
 * @param {string} password
 * @returns {string[]}
 */
function formsOf(user, password) {
  return password === ''
    ? []
    : [password, encodeURIComponent(password), basic(user, password).slice('Basic '.length)];
}
