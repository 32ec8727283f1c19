/** What is secret in the task's environment: the config and the proxy's password, masked before anything can print them. */

import { basic, decode } from '../network/proxy.js';
import { printMask } from './commands.js';

/** Short lines of a config in pretty-printed JSON are braces and the like. */
const MIN_CONFIG_LENGTH = 12;
/** A shorter password would be hidden all over the log. */
const MIN_PASSWORD_LENGTH = 4;

/** Masks every config and every password that the environment holds, in each form in which it may show. */
export function maskInputs() {
  const configs = configTexts().filter(
    // The name of an undefined variable is no secret.
    (text) => text.length >= MIN_CONFIG_LENGTH && !/^\$\([^)]*\)$/.test(text),
  );
  const passwords = passwordTexts().filter((text) => text.length >= MIN_PASSWORD_LENGTH);
  new Set([...configs, ...passwords]).forEach(printMask);
}

function configTexts() {
  const configs = Object.entries(process.env)
    .filter(([name]) => isConfig(name))
    .map(([, text]) => text ?? '');
  return configs.flatMap((config) => [
    config,
    config.trim(),
    ...config.split(/[\r\n]+/).map((line) => line.trim()),
  ]);
}

/**
 * Whether a variable of the environment holds a config: the input, the connection's parameter, or a person's own.
 *
 * @param {string} name
 */
function isConfig(name) {
  return (
    name === 'INPUT_KEEPERSECRETCONFIG' ||
    name === 'KSM_CONFIG' ||
    (name.startsWith('ENDPOINT_AUTH_PARAMETER_') && name.endsWith('_APITOKEN'))
  );
}

function passwordTexts() {
  const { AGENT_PROXYUSERNAME: user = '', SECRET_AGENT_PROXYPASSWORD: password = '' } = process.env;
  const addresses = Object.entries(process.env)
    .filter(([name]) => ['agent_proxyurl', 'https_proxy'].includes(name.toLowerCase()))
    .map(([, address]) => address ?? '');
  return [...formsOf(user, password), ...addresses.flatMap(formsInAddress)];
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
