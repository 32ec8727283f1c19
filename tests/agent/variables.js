// Variables by name. Names ignore case, and a secret stays one.

/**
 * @typedef {object} Variable
 * @property {string} name as last written
 * @property {string} value
 * @property {boolean} isSecret
 * @property {boolean} isReadOnly
 * @property {boolean} preserveCase
 */

export class Variables {
  /** @type {Map<string, Variable>} */
  #byKey = new Map();

  /**
   * @param {string} name
   * @param {string} value
   * @param {Partial<Variable>} [traits]
   */
  set(name, value, { isSecret = false, isReadOnly = false, preserveCase = false } = {}) {
    const known = this.get(name);
    this.#byKey.set(name.toLowerCase(), {
      name,
      value,
      isSecret: isSecret || (known?.isSecret ?? false),
      isReadOnly: isReadOnly || (known?.isReadOnly ?? false),
      preserveCase,
    });
  }

  /** @param {string} name */
  get(name) {
    return this.#byKey.get(name.toLowerCase());
  }

  /** Whether the agent reads a setting's value as true. @param {string} name */
  isTrue(name) {
    return ['1', 'true', '$true'].includes(this.get(name)?.value.toLowerCase() ?? '');
  }

  [Symbol.iterator]() {
    return this.#byKey.values();
  }

  /** @returns {Record<string, { value: string, isSecret: boolean }>} */
  toObject() {
    return Object.fromEntries([...this].map(({ name, value, isSecret }) => [name, { value, isSecret }]));
  }
}
