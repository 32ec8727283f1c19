/** Entry point: loads the core, masks, then loads the task library, which prints inputs on load with System.Debug. */

import { webcrypto } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { initSync } from '../pkg/core.js';
import { describeDefect, printIssue, printResult } from './agent/commands.js';
import { maskEnvironment } from './agent/secrets.js';

// Until an outcome is reported, exiting early is a failure.
process.exitCode = 1;
start().catch((error) => {
  printIssue('error', whatIsMissing(error) ?? describeDefect(error));
  printResult(false);
});

async function start() {
  // The core gets its random bytes from this global, which Node 16 does not define.
  globalThis.crypto ??= /** @type {Crypto} */ (webcrypto);
  initSync({ module: fs.readFileSync(path.join(import.meta.dirname, 'core_bg.wasm')) });
  maskEnvironment();
  const { performTask } = await import('./run.js');
  await performTask();
}

/** What the agent's Node lacks, with a hint; undefined if that is not what went wrong. @param {unknown} error */
function whatIsMissing(error) {
  if (typeof WebAssembly === 'undefined') {
    return `this agent runs Node without WebAssembly, which the task needs; nothing was set
hint: remove \`--jitless\` from NODE_OPTIONS`;
  }
  return error instanceof RangeError
    ? `this agent does not let WebAssembly reserve the address space that it needs; nothing was set
hint: raise the limit (\`ulimit -v\`), or set NODE_OPTIONS to \`--disable-wasm-trap-handler\``
    : undefined;
}
