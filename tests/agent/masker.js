// The agent's masker: hides registered secrets in text, in just the forms that the agent derives from them.

export class SecretMasker {
  /** @type {Set<string>} */
  #forms = new Set();

  /**
   * Registers a literal. As in the agent there is no minimum length, and white space counts.
   *
   * @param {string} value
   */
  add(value) {
    if (value === '') return;
    for (const form of [value, jsonEscaped(value), uriEscaped(value), backslashUnescaped(value)]) {
      if (form !== '') this.#forms.add(form);
    }
  }

  /**
   * Registers a secret that the job started with (from a variable group, or set on the web page).
   *
   * Only these get trimmed and Base64 forms; a task that wants them must register them itself.
   *
   * @param {string} value
   */
  addJobSecret(value) {
    if (value.trim() === '') return;
    this.add(value);
    this.add(value.trim());
    this.add(value.replace(/^(["'])(.*)\1$/s, '$2'));
    this.add(newlinesEscaped(value.replaceAll('%', '%AZP25')));
    this.add(newlinesEscaped(value));
    this.add(Buffer.from(value, 'utf8').toString('base64'));
  }

  /**
   * Masks what is registered so far. The text is one message: a secret of two lines is found in a message of two lines,
   * but never in two messages of one line.
   *
   * @param {string} text
   */
  mask(text) {
    let masked = '';
    let done = 0;
    for (const { start, end } of merge(this.#ranges(text))) {
      masked += `${text.slice(done, start)}***`;
      done = end;
    }
    return masked + text.slice(done);
  }

  /** @param {string} text */
  #ranges(text) {
    const ranges = [...text.matchAll(URL_PASSWORD)].map(({ 0: password, index }) => ({
      start: index ?? 0,
      end: (index ?? 0) + password.length,
    }));
    for (const form of this.#forms) {
      for (let start = text.indexOf(form); start >= 0; start = text.indexOf(form, start + 1)) {
        ranges.push({ start, end: start + form.length });
      }
    }
    return ranges;
  }
}

/** The password in `//user:password@`, if it consists of characters that are legal in URLs. */
const URL_PASSWORD =
  /(?<=\/\/[^:/?#\n]+:)(?:[\p{L}\p{Mn}\p{Nd}\p{Pc}.~!$&'()*+,;=:\-]|%(?:AZP25)?[0-9a-f]{2})+(?=@)/giu;

/**
 * Joins ranges that overlap or touch, so that two secrets in a row leave one `***`.
 *
 * @param {{ start: number, end: number }[]} ranges
 */
function merge(ranges) {
  /** @type {{ start: number, end: number }[]} */
  const merged = [];
  for (const { start, end } of ranges.sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

/** @param {string} value */
function newlinesEscaped(value) {
  return value.replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** @param {string} value */
function jsonEscaped(value) {
  // The agent's JSON writer escapes three line ends that JavaScript does not.
  return JSON.stringify(value)
    .slice(1, -1)
    .replace(/[\u0085\u2028\u2029]/g, unicodeEscaped);
}

/** @param {string} character */
function unicodeEscaped(character) {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** @param {string} value */
function uriEscaped(value) {
  // RFC 3986 escapes more characters than JavaScript does, and a lone surrogate would throw.
  return encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\uFFFD')).replace(/[!'()*]/g, percentEscaped);
}

/** @param {string} character */
function percentEscaped(character) {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** @param {string} value */
function backslashUnescaped(value) {
  return value.replaceAll('\\\\', '\\').replaceAll("\\'", "'").replaceAll('\\"', '"').replaceAll('\\t', '\t');
}

/** Measured on the agent's own code: 2,005 masks took 3.1 s, 8,337 took 36 s, and then 1.2 ms for each line. */
const MS_PER_PAIR = 0.0012;
const MS_PER_MASK_AND_LINE = 0.000_15;

/**
 * The cost of masks for the agent: for each, it writes a trace line that it masks with all earlier ones.
 *
 * @param {number} count
 * @returns {{ onceMs: number, perLineMs: number }} while they are being registered, and for each later line of the log
 */
export function priceOfMasks(count) {
  return { onceMs: ((count * (count - 1)) / 2) * MS_PER_PAIR, perLineMs: count * MS_PER_MASK_AND_LINE };
}
