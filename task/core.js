/**
 * This file is where the core is loaded. It is compiled on another thread while the task library loads on this one.
 */

import { randomFillSync } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Retrieval, initSync } from '../pkg/core.js';

// The core draws its random bytes from here. Node's own object of that name would load all of Web Cryptography for it,
// and old versions of Node have none.
Object.defineProperty(globalThis, 'crypto', { value: { getRandomValues: randomFillSync } });

const compiled = compile();
// Whoever loads the core is told; until then it is no failure that nobody has heard of.
compiled.catch(() => undefined);

async function compile() {
  return WebAssembly.compile(fs.readFileSync(path.join(__dirname, 'core_bg.wasm')));
}

/** The core, ready to be used. */
export async function loadCore() {
  initSync({ module: await compiled });
  return { Retrieval };
}
