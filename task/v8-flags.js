/** This file is where flags of V8 are set for a while, which saves a tenth of a short run's time. */

import v8 from 'node:v8';

/** @typedef {Record<string, boolean | number>} Flags */

/** What the flags are by themselves, in the versions of Node that task.json names. */
const USUAL = /** @type {Record<string, Flags>} */ ({
  20: {
    'wasm-lazy-compilation': true,
    'wasm-num-compilation-tasks': 128,
    'wasm-tiering-budget': 1_800_000,
    'minor-gc-task-trigger': 80,
  },
  24: {
    'wasm-lazy-compilation': true,
    'wasm-num-compilation-tasks': 128,
    'wasm-tiering-budget': 13_000_000,
    'minor-gc-task-trigger': 80,
  },
});

/**
 * Sets flags of V8, but not in other versions of Node, which may not know them. Only such will do that V8 reads when it
 * decides what to do next: one that changes the form of what it keeps breaks it down once in hundreds of runs, as
 * `npm run endurance` shows.
 *
 * @param {Flags} flags
 * @returns {() => void} sets them back
 */
export function setFlags(flags) {
  const [major = ''] = process.versions.node.split('.');
  const usual = USUAL[major];
  if (!usual) {
    return () => undefined;
  }
  const names = Object.keys(flags);
  names.forEach((name) => setFlag(name, flags[name]));
  return () => names.forEach((name) => setFlag(name, usual[name]));
}

/**
 * @param {string} name
 * @param {boolean | number} value
 */
function setFlag(name, value) {
  const text = typeof value === 'boolean' ? `--${value ? '' : 'no-'}${name}` : `--${name}=${value}`;
  v8.setFlagsFromString(text);
}
