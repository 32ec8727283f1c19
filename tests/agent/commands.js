// Reads logging commands (`##vso[area.event key=value;…]data`) as the agent does.

/**
 * @typedef {object} Command
 * @property {string} area as written; the agent ignores case
 * @property {string} event as written; the agent ignores case
 * @property {Record<string, string>} properties unescaped, keys in lower case because the agent ignores theirs
 * @property {string} data unescaped
 * @property {string} raw the whole line, still escaped
 */

const START = '##vso[';

/**
 * The agent finds the start as a reader would: invisible characters may be inside it, while a combining mark turns one
 * of its characters into another.
 */
const SEEN_START = new RegExp(
  ['#', '#', 'v', 's', 'o', '\\[']
    .map((character) => `${character}(?!(?!\\p{DI})\\p{M})`)
    .join('[\\p{DI}\\p{Cf}\\0-\\x08\\x0e-\\x1f\\x7f-\\x84\\x86-\\x9f]*'),
  'u',
);

/**
 * Reads the first command in a line; undefined if the agent would see none.
 *
 * @param {string} line
 * @param {{ decodePercents?: boolean }} [options] false is what the job variable DECODE_PERCENTS=false does
 * @returns {Command | undefined}
 */
export function parseCommand(line, { decodePercents = true } = {}) {
  const start = line.search(SEEN_START);
  if (start < 0) return undefined;
  const end = line.indexOf(']', start);
  if (end < 0) return undefined;

  // It then skips as many characters as the start has: with invisible ones inside, the area is invalid.
  const [, name, written] = /^([^ ]*) ?(.*)$/s.exec(line.slice(start + START.length, end)) ?? [];
  // The agent drops empty parts, so `.task.debug` is a command and `task.` is none.
  const [area, event, ...more] = name.split('.').filter(Boolean);
  if (event === undefined || more.length > 0) return undefined;

  const properties = parseProperties(written, decodePercents);
  return { area, event, properties, data: unescapeText(line.slice(end + 1), decodePercents), raw: line };
}

/**
 * @param {string} written
 * @param {boolean} decodePercents
 */
function parseProperties(written, decodePercents) {
  /** @type {Map<string, string>} */
  const properties = new Map();
  for (const part of written.split(';')) {
    // Dropping empty parts here too, the agent reads `a==b` as `a=b` and `a=` as nothing.
    const [, key, value] = /^=*([^=]+)=+([^=].*)$/s.exec(part) ?? [];
    if (key !== undefined) properties.set(key.toLowerCase(), unescapeText(value, decodePercents));
  }
  return Object.fromEntries(properties);
}

const ESCAPES = [
  [';', '%3B'],
  ['\r', '%0D'],
  ['\n', '%0A'],
  [']', '%5D'],
];

/**
 * Undoes the escaping of a property, of data, or of a whole line.
 *
 * @param {string} text
 */
export function unescapeText(text, decodePercents = true) {
  for (const [character, escaped] of ESCAPES) text = text.replaceAll(escaped, character);
  // Last, or the `%` of an escaped `%0A` would become a line feed.
  return decodePercents ? text.replaceAll('%AZP25', '%') : text;
}

/**
 * Escapes as the agent does for its masker; the task library leaves `;` and `]` of data as they are.
 *
 * @param {string} text
 */
export function escapeText(text) {
  text = text.replaceAll('%', '%AZP25');
  for (const [character, escaped] of ESCAPES) text = text.replaceAll(character, escaped);
  return text;
}
