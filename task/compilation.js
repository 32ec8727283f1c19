/** This file is where the core is compiled, on another thread while the rest of the task loads on this one. */

import fs from 'node:fs';
import path from 'node:path';
import { setFlags } from './v8-flags.js';

/** The core, compiled. */
export const compiled = compile();
// Whoever loads the core is told; until then it is no failure that nobody has heard of.
compiled.catch(() => undefined);

async function compile() {
  return WebAssembly.compile(fs.readFileSync(path.join(__dirname, 'core_bg.wasm')));
}

/**
 * Has all of the core compiled ahead. V8 would rather compile each function when it is called for the first time, on
 * this thread. One other thread is to do it, so that an agent with two processors has one left for the rest; and what is
 * called often is to be compiled once more, and better, only if it is called very often, since that takes the processor
 * from a run which is soon over.
 */
export function compileAhead() {
  const setBack = setFlags({
    'wasm-lazy-compilation': false,
    'wasm-num-compilation-tasks': 1,
    'wasm-tiering-budget': 40_000_000,
  });
  compiled.then(setBack, setBack);
}
