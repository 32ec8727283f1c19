/**
 * What the environment holds before the task library removes it: configs, proxy passwords and secrets in the wrong
 * input, all of which are masked, and the agent's facts about the job.
 */

import { isConfigInClear, masksOfEnvironment } from '../../pkg/core.js';
import { printMask } from './commands.js';

/** @import { JobVariables } from '../../pkg/core.js' */

/** What the core is given about the job: names of variables, and settings. @type {(keyof JobVariables)[]} */
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

/** Passwords that the task library would encrypt with a key that it leaves in a world-readable file. */
const WITHHELD = ['Agent.ProxyPassword', 'Agent.ClientCertPassword'];
/** @type {Map<string, string | undefined>} */
const withheld = new Map();
let isInClear = false;

/** Masks every secret, in each form in which it may appear, and withholds passwords from the task library. */
export function maskEnvironment() {
  const [names, values] = [Object.keys(process.env), Object.values(process.env).map((value) => value ?? '')];
  masksOfEnvironment(names, values).forEach(printMask);
  isInClear = isConfigInClear(names, values);
  for (const name of WITHHELD) {
    const variable = `SECRET_${name.replace('.', '_').toUpperCase()}`;
    withheld.set(name, process.env[variable]);
    delete process.env[variable];
  }
}

/** Whether the input holds a config that is in none of the job's secret variables. */
export const isGivenInClear = () => isInClear;

/** A password that is withheld from the task library. @param {string} name */
export const withheldPassword = (name) => withheld.get(name);

/**
 * Where the task library keeps inputs and secret variables: in memory. The library's own vault would encrypt them with
 * a key that it leaves in a world-readable file.
 */
export class Vault {
  /** By name in lower case. @type {Map<string, string>} */
  #secrets = new Map();

  initialize() {}

  /**
   * Stores a secret. An empty one removes what is stored.
   *
   * @param {string} name
   * @param {string} secret
   * @returns {boolean} whether it is stored
   */
  storeSecret(name, secret) {
    const key = (name ?? '').toLowerCase();
    const isKept = Boolean(name && secret);
    if (isKept) {
      this.#secrets.set(key, secret);
    } else {
      this.#secrets.delete(key);
    }
    return isKept;
  }

  /** @param {string} name @returns {string | undefined} */
  retrieveSecret(name) {
    return this.#secrets.get((name ?? '').toLowerCase());
  }
}
