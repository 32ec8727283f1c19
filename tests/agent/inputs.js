// The inputs of a task, with the values that the agent would pass.

import { resolve } from 'node:path';

/** @typedef {import('./definition.js').InputDefinition} InputDefinition */

/**
 * Fills defaults, trims, then replaces macros, in this order: text from a variable is not trimmed.
 *
 * @param {InputDefinition[]} definitions
 * @param {Record<string, string>} given by name or alias, in any case
 * @param {{ valueOf: (name: string) => string | undefined, rootFolder: string }} job
 * @returns {Map<string, string>} by name
 */
export function resolveInputs(definitions, given, { valueOf, rootFolder }) {
  const values = new Map(definitions.map(({ name, defaultValue }) => [name, defaultValue ?? '']));
  for (const [name, value] of Object.entries(given)) {
    // The agent also passes inputs that task.json does not define.
    values.set(findInput(definitions, name)?.name ?? name, value);
  }
  for (const [name, value] of values) {
    const expanded = expandMacros(trimEnds(value), valueOf);
    const isPath = findInput(definitions, name)?.type === 'filePath';
    values.set(name, isPath ? resolve(rootFolder, expanded) : expanded);
  }
  return values;
}

/**
 * @param {InputDefinition[]} definitions
 * @param {string} nameOrAlias
 */
function findInput(definitions, nameOrAlias) {
  const wanted = nameOrAlias.toLowerCase();
  return definitions.find(({ name, aliases = [] }) =>
    [name, ...aliases].some((known) => known.toLowerCase() === wanted),
  );
}

/** Trims as .NET does: unlike with JavaScript's `trim`, a byte order mark stays. @param {string} text */
function trimEnds(text) {
  return text.replace(/^(?:(?!\uFEFF)[\s\u0085])+|(?:(?!\uFEFF)[\s\u0085])+$/g, '');
}

/**
 * Replaces each `$(name)` that has a value. Inserted text is not expanded again.
 *
 * @param {string} text
 * @param {(name: string) => string | undefined} valueOf
 */
export function expandMacros(text, valueOf) {
  let expanded = '';
  let rest = text;
  for (;;) {
    const start = rest.indexOf('$(');
    const end = start < 0 ? -1 : rest.indexOf(')', start + 2);
    if (end < 0) return expanded + rest;
    const value = valueOf(rest.slice(start + 2, end));
    expanded += rest.slice(0, start) + (value ?? '$');
    // After an unknown name only the `$` is skipped, so `$(a$(b)` still finds `b`.
    rest = rest.slice(value === undefined ? start + 1 : end + 1);
  }
}
