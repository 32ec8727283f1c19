/**
 * Where the task library keeps inputs and secret variables until they are asked for, in place of the library's own
 * vault, which would encrypt them with a key that it leaves in a file for everybody to read.
 */

export class Vault {
  /** By name in lower case. @type {Map<string, string>} */
  #secrets = new Map();

  initialize() {}

  /**
   * Keeps a secret; an empty one is forgotten.
   *
   * @param {string} name
   * @param {string} secret
   * @returns {boolean} whether it is kept
   */
  storeSecret(name, secret) {
    if (!name || !secret) {
      this.#secrets.delete((name ?? '').toLowerCase());
      return false;
    }
    this.#secrets.set(name.toLowerCase(), secret);
    return true;
  }

  /**
   * @param {string} name
   * @returns {string | undefined}
   */
  retrieveSecret(name) {
    return this.#secrets.get((name ?? '').toLowerCase());
  }
}
