/**
 * What the task's environment holds before the task library takes it away: configs, passwords of proxies and secrets in
 * the wrong input, which are masked, and what the agent says of the job.
 */

import { basic, decode } from '../network/proxy.js';
import { printMask } from './commands.js';

/** Short lines of a config in pretty-printed JSON are braces and the like. */
const MIN_CONFIG_LENGTH = 12;
/** A shorter password would be hidden all over the log. */
const MIN_PASSWORD_LENGTH = 4;
/** Each mask costs the agent time, so the lines of a text are masked up to this number. */
const MAX_LINES = 200;

/** What the core gets to know about the job: names of variables, and settings that variables may hold. */
const DESCRIBING = [
  'VSTS_PUBLIC_VARIABLES',
  'VSTS_SECRET_VARIABLES',
  'SYSTEM_TASKINSTANCENAME',
  'AGENT_READONLYVARIABLES',
  'AZP_IGNORE_SECRETS_SHORTER_THAN',
  'DECODE_PERCENTS',
  'SYSTEM_UNSAFEALLOWMULTILINESECRET',
];
export const job = Object.fromEntries(
  DESCRIBING.map((name) => [name, process.env[name] ?? process.env[`SECRET_${name}`]]),
);

/** Whether the input holds a config that is in none of the job's secret variables. */
export const isConfigInClear = isInClear(process.env);

/**
 * A Node task gets every secret variable of the job. If one of them is missing, nobody can tell where a config is from.
 *
 * @param {NodeJS.ProcessEnv} environment
 */
function isInClear({ INPUT_KEEPERSECRETCONFIG: input = '', VSTS_SECRET_VARIABLES: names, ...environment }) {
  const secrets = new Map(
    Object.entries(environment)
      .filter(([name]) => /^SECRET_/i.test(name))
      .map(([name, secret = '']) => [name.toUpperCase(), packed(secret)]),
  );
  const config = packed(input);
  const isThere = (/** @type {string} */ name) =>
    secrets.has(`SECRET_${name.replaceAll(/[. ]/g, '_').toUpperCase()}`);
  return (
    config !== '' &&
    namesIn(names)?.every(isThere) === true &&
    ![...secrets.values()].some((secret) => secret.length >= MIN_CONFIG_LENGTH && config.includes(secret))
  );
}

/**
 * A text without what differs between a variable and the input that holds it: blanks, and signs of other systems.
 *
 * @param {string} text
 */
function packed(text) {
  return text.replaceAll(/\s/g, '').replaceAll('\\', '/');
}

/**
 * The names in a list in JSON, if there is one.
 *
 * @param {string} [json]
 * @returns {string[] | undefined}
 */
function namesIn(json = '') {
  try {
    const names = JSON.parse(json);
    return Array.isArray(names) ? names.map(String) : undefined;
  } catch {
    return undefined;
  }
}

/** Masks all that is secret, in each form in which it may show. */
export function maskInputs() {
  const variables = Object.entries(process.env).map(([name, text]) => [name.toUpperCase(), text ?? '']);
  const configs = variables.filter(([name]) => isConfig(name)).flatMap(([, text]) => formsOfConfig(text));
  const passwords = [...passwordsOf(process.env), ...variables.flatMap(formsInAddress)];
  const texts = [
    // The name of an undefined variable is no secret.
    ...configs.filter((text) => text.length >= MIN_CONFIG_LENGTH && !/^\$\([^)]*\)$/.test(text)),
    ...[...passwords, ...misplaced(variables)].filter((text) => text.length >= MIN_PASSWORD_LENGTH),
  ];
  new Set(texts).forEach(printMask);
  WITHHELD.forEach(withhold);
}

/** Passwords that the task library would encrypt, with keys that it leaves in files for everybody to read. */
const WITHHELD = ['Agent.ProxyPassword', 'Agent.ClientCertPassword'];
/** @type {Map<string, string | undefined>} */
const withheld = new Map();

/** @param {string} name */
function withhold(name) {
  const variable = `SECRET_${name.replace('.', '_').toUpperCase()}`;
  withheld.set(name, process.env[variable]);
  delete process.env[variable];
}

/**
 * A password that the task library does not know.
 *
 * @param {string} name
 */
export const withheldPassword = (name) => withheld.get(name);

/**
 * Whether a variable of the environment holds a config: the input, the connection's parameter, or a person's own.
 *
 * @param {string} name in upper case, as Windows makes no difference
 */
function isConfig(name) {
  return (
    name === 'INPUT_KEEPERSECRETCONFIG' ||
    name === 'KSM_CONFIG' ||
    (name.startsWith('ENDPOINT_AUTH_PARAMETER_') && name.endsWith('_APITOKEN'))
  );
}

/** @param {string} config */
const formsOfConfig = (config) => [config, config.trim(), ...linesOf(config)];

/** @param {string} text */
function linesOf(text) {
  return text
    .split(/[\r\n\v\f\u0085\u2028\u2029]+/, MAX_LINES)
    .map((line) => line.trim())
    .filter(Boolean);
}

/**
 * The lines of secret variables that an input holds: somebody wrote `secrets: $(config)`. The agent masks such a secret as
 * a whole, but would show the input line by line.
 *
 * @param {string[][]} variables
 * @returns {string[]}
 */
function misplaced(variables) {
  const inputs = variables.filter(([name]) => name.startsWith('INPUT_')).map(([, text]) => text);
  return variables
    .filter(([name]) => name.startsWith('SECRET_'))
    .map(([, secret]) => secret.trim())
    .filter(
      (secret) => secret.length >= MIN_PASSWORD_LENGTH && inputs.some((input) => input.includes(secret)),
    )
    .flatMap((secret) => [secret, ...linesOf(secret)])
    .slice(0, MAX_LINES);
}

/** @param {NodeJS.ProcessEnv} environment */
function passwordsOf({ AGENT_PROXYUSERNAME: user = '', SECRET_AGENT_PROXYPASSWORD: password = '' }) {
  return formsOf(user, password);
}

/**
 * What is secret in the address of a proxy, with or without a scheme.
 *
 * @param {string[]} variable
 * @returns {string[]}
 */
function formsInAddress([name, address]) {
  if (!/^(?:AGENT_PROXYURL|(?:HTTPS?|ALL)_PROXY)$/.test(name)) {
    return [];
  }
  // A password may hold a slash or an `@` that should have been encoded; what goes for an address stops at the slash.
  const rest = address.trim().replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  return [rest, rest.replace(/[/?#].*$/s, '')].flatMap((text) => {
    const end = text.lastIndexOf('@');
    if (end < 0) {
      return [];
    }
    const login = text.slice(0, end);
    const [user] = login.split(':', 1);
    const password = login.slice(user.length + 1);
    return [password, ...formsOf(decode(user), decode(password)), ...tokens(user, password)];
  });
}

/**
 * A user name that is a token: it has no password, or such a length as names don't have.
 *
 * @param {string} user
 * @param {string} password
 */
function tokens(user, password) {
  const isToken = password === '' || /^(?=.*\d)[\w%-]{16,}$/.test(user);
  return isToken ? [user, ...formsOf('', decode(user)), basic(decode(user), '').slice('Basic '.length)] : [];
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
