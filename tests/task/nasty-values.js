// Reproducible texts made of pieces that mean something to a shell or a parser.

/**
 * @param {number} count
 * @returns {Record<string, string>} by names `v0`, `v1` and so on
 */
export function nastyValues(count) {
  const random = randomNumbers(20_260_304);
  const values = new Set(PIECES.flatMap((piece) => [piece, `a${piece}`, `${piece}b`, piece + piece]));
  while (values.size < count) {
    const pieces = Array.from({ length: 1 + random(8) }, () => PIECES[random(PIECES.length)]);
    values.add(pieces.join(''));
  }
  return Object.fromEntries([...values].map((value, index) => [`v${index}`, value]));
}

const PIECES = [
  ...[
    "'",
    '"',
    '`',
    '\\',
    '$',
    '!',
    '#',
    ' ',
    '=',
    '~',
    '*',
    '?',
    '&',
    ';',
    '|',
    '<',
    '>',
    '(',
    ')',
    '%',
    '^',
  ],
  ...[
    '\n',
    '\r',
    '\t',
    '\v',
    '\f',
    '\0',
    '\u0001',
    '\u001b',
    '\u007f',
    '\u0085',
    '\u00a0',
    '\u2028',
    '\ufeff',
  ],
  ...[
    'a',
    'Zz9',
    'é',
    '漢',
    '😀',
    '-n',
    'export X=1',
    '$HOME',
    '${HOME}',
    '$(id)',
    '`id`',
    '\\n',
    '\\r',
    "\\'",
  ],
  ...['\nA=b', '\n#c', ' #d', "\n'e", 'f\\', '{g}', '[h]', '%i%', ': j', '\\\\'],
];

/** A generator of integers from 0 to below a limit (mulberry32). */
function randomNumbers(seed) {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}
