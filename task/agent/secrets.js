/**
 * What the environment holds before the task library removes it: the agent's facts about the job, and secrets (configs,
 * proxy passwords and what is in the wrong input), all of which are masked.
 */

import { Environment } from '../../pkg/core.js';
import { printMask } from './commands.js';

/** The variables with which the agent started the task. @type {Environment} */
export let environment;
/** The passphrase of the agent's client certificate. @type {string | undefined} */
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
  /** By name in lower case. @type {Map<string, string | undefined>} */
  #secrets = new Map();

  initialize() {}

  /** An empty secret replaces what is stored. @param {string} name @param {string} secret @returns whether it is stored */
  storeSecret(name, secret) {
    this.#secrets.set(name.toLowerCase(), secret || undefined);
    return Boolean(secret);
  }

  /** @param {string} name */
  retrieveSecret(name) {
    return this.#secrets.get(name.toLowerCase());
  }
}
