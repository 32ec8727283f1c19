import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

import { expandMacros, resolveInputs } from './inputs.js';

/** @type {Record<string, string>} */
const VALUES = { name: 'Database', padded: ' x ', nested: '$(name)', empty: '' };

const SOURCES = resolve('/sources');

/** @param {string} name */
function valueOf(name) {
  return VALUES[name.toLowerCase()];
}

test('a macro is replaced once, and an unknown one stays', () => {
  for (const [written, expanded] of [
    ['$(name)/field', 'Database/field'],
    ['$(NAME)$(name)', 'DatabaseDatabase'],
    ['$(nested)', '$(name)'],
    ['[$(empty)]', '[]'],
    ['$(KSM_CONFIG)', '$(KSM_CONFIG)'],
    ['$(unknown$(name)', '$(unknownDatabase'],
    ['$(name', '$(name'],
    ['$()', '$()'],
    ['$name $', '$name $'],
  ]) {
    assert.equal(expandMacros(written, valueOf), expanded, written);
  }
});

test('an input is the given text or the default, trimmed before macros are replaced', () => {
  const definitions = [
    { name: 'secrets', aliases: ['mapping'], defaultValue: ' none ' },
    { name: 'retries', type: 'int', defaultValue: '3' },
    { name: 'note' },
    { name: 'folder', type: 'filePath' },
  ];
  for (const [given, expected] of /** @type {[Record<string, string>, Record<string, string>][]} */ ([
    [{}, { secrets: 'none', retries: '3', note: '', folder: SOURCES }],
    [{ SECRETS: '\n a\n b \u00a0\u0085' }, { secrets: 'a\n b' }],
    [{ Mapping: '\uFEFF a ' }, { secrets: '\uFEFF a' }],
    [{ secrets: ' $(padded) ' }, { secrets: ' x ' }],
    [
      { retries: '', folder: resolve('/etc/x') },
      { retries: '', folder: resolve('/etc/x') },
    ],
    [
      { folder: 'a/../b', other: ' $(name)' },
      { folder: join(SOURCES, 'b'), other: 'Database' },
    ],
  ])) {
    const inputs = Object.fromEntries(resolveInputs(definitions, given, { valueOf, rootFolder: SOURCES }));
    for (const [name, value] of Object.entries(expected)) {
      assert.equal(inputs[name], value, `${name} of ${JSON.stringify(given)}`);
    }
  }
});
