/**
 * What the environment holds before the task library removes it: configs, proxy passwords and secrets in the wrong
 * input, all of which are masked, and the agent's facts about the job.
 */

import { Environment } from '../../pkg/core.js';
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

/** The variables with which the agent started the task. @type {Environment} */
export let environment;
/** That of the agent's client certificate. @type {string | undefined} */
export let passphrase;

/** Masks every secret in all the forms in which it could appear, and hides passwords from the task library. */
export function maskEnvironment() {
  const values = Object.values(process.env).map((value) => value ?? '');
  environment = new Environment(Object.keys(process.env), values);
  environment.masks().forEach(printMask);
  passphrase = process.env.SECRET_AGENT_CLIENTCERTPASSWORD;
  // The library would encrypt them with a key that it leaves in a world-readable file.
  delete process.env.SECRET_AGENT_CLIENTCERTPASSWORD;
  delete process.env.SECRET_AGENT_PROXYPASSWORD;
}

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
