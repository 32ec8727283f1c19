import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LineReader } from './lines.js';

/** @param {(string | Buffer)[]} chunks */
function linesOf(chunks) {
  /** @type {string[]} */
  const lines = [];
  const reader = new LineReader((line) => lines.push(line));
  const text = chunks.map((chunk) => reader.push(Buffer.from(chunk))).join('') + reader.end();
  return { lines, text };
}

test('a line ends at a line feed, a return, or both together', () => {
  for (const [chunks, lines] of /** @type {[string[], string[]][]} */ ([
    [['a\nb\n'], ['a', 'b']],
    [['a\r\nb\rc'], ['a', 'b', 'c']],
    [['a\n\nb\r\r\n'], ['a', '', 'b', '']],
    [
      ['a\r', '\nb\r', 'c\n'],
      ['a', 'b', 'c'],
    ],
    [
      ['a\r', '\n', '\nb'],
      ['a', '', 'b'],
    ],
    [['he', 'll', 'o'], ['hello']],
    [[], []],
    [['\u2028a\u0085\f'], ['\u2028a\u0085\f']],
  ])) {
    assert.deepEqual(linesOf(chunks), { lines, text: chunks.join('') }, JSON.stringify(chunks));
  }
});

test('a character may be split between chunks', () => {
  const key = Buffer.from('🔑');
  assert.deepEqual(linesOf([key.subarray(0, 1), key.subarray(1)]).lines, ['🔑']);
  assert.deepEqual(linesOf([key.subarray(0, 3)]), { lines: ['\uFFFD'], text: '\uFFFD' });
});
