// A search for parts of a secret in a log: every six consecutive bytes of the secret, in every form in which they could
// have got there, are looked up among every six consecutive bytes of the log.

const WIDTH = 6;
/** Of larger secrets, in bytes, only the two usual forms are looked for. */
const LARGE = 16 * 1024;

/** The windows of a number of secrets. */
export class Windows {
  /** The secrets' names by window; six bytes fit into a number. @type {Map<number, string>} */
  #owners = new Map();
  #known;
  /** @type {Map<string, { own: number, all: number }>} */
  #shares = new Map();

  /** @param {Set<number>} known windows that may be in the log, from what the author wrote and what the agent prints */
  constructor(known) {
    this.#known = known;
  }

  /**
   * @param {string} name
   * @param {string} secret
   */
  add(name, secret) {
    const all = windowsOf(secret);
    const own = all.filter((window) => !this.#known.has(window));
    this.#shares.set(name, { own: own.length, all: all.length });
    for (const form of new Set(formsOf(secret))) {
      for (const window of windowsOf(form)) {
        if (!this.#known.has(window)) this.#owners.set(window, name);
      }
    }
  }

  /** How much of a secret is looked for, from 0 to 1: the rest is in texts that may be shown. @param {string} name */
  shareOf(name) {
    const { own, all } = this.#shares.get(name) ?? { own: 0, all: 0 };
    return all === 0 ? 0 : own / all;
  }

  /** The secrets that have a part in the lines, and where. @param {string[]} lines */
  findIn(lines) {
    return lines.flatMap((line) => {
      const window = windowsOf(line).find((window) => this.#owners.has(window));
      return window === undefined ? [] : [`${this.#owners.get(window)}: ${line.slice(0, 300)}`];
    });
  }
}

/** A secret as it is, and as in a logging command, JSON, a URL or Base64. @param {string} secret */
function formsOf(secret) {
  const bytes = Buffer.from(secret);
  const escaped = secret.replaceAll('%', '%AZP25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  // At any offset, three bytes become four characters.
  const inBase64 = [0, 1, 2].map((skipped) => bytes.subarray(skipped).toString('base64'));
  if (bytes.length > LARGE) return [secret, inBase64[0]];
  return [secret, escaped, JSON.stringify(secret), encodeURIComponent(secret), ...inBase64];
}

/** The windows of all these texts. @param {string[]} texts */
export const windowsIn = (texts) => new Set(texts.flatMap(windowsOf));

/** @param {string} text */
function windowsOf(text) {
  const bytes = Buffer.from(text);
  const windows = [];
  let window = 0;
  for (let end = 0; end < bytes.length; end++) {
    window = (window % 2 ** (8 * (WIDTH - 1))) * 256 + bytes[end];
    if (end >= WIDTH - 1) windows.push(window);
  }
  return windows;
}
