/** This file is where the core is loaded. */

import { randomFillSync } from 'node:crypto';
import { Retrieval, initSync } from '../pkg/core.js';

// The core draws its random bytes from here. Node's own object of that name would load all of Web Cryptography for it,
// and old versions of Node have none.
Object.defineProperty(globalThis, 'crypto', { value: { getRandomValues: randomFillSync } });

/**
 * The core, ready to be used.
 *
 * @param {Promise<WebAssembly.Module>} compiled
 */
export async function loadCore(compiled) {
  // A thread that compiles keeps no process alive.
  const timer = setInterval(() => undefined, 1_000);
  try {
    initSync({ module: await compiled });
  } finally {
    clearInterval(timer);
  }
  return { Retrieval };
}
