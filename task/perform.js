/**
 * This file is where the task runs once: the parts are put together, and whatever happens ends in one outcome, without
 * a stack trace.
 */

import { loadCore } from './core.js';
import { createHost } from './host.js';
import { run } from './run.js';

/**
 * Runs the task and reports its outcome to the agent.
 *
 * @param {Promise<WebAssembly.Module>} compiled the core
 */
export async function performTask(compiled) {
  /** @type {import('./host.js').Host | undefined} */
  let host;
  try {
    host = createHost();
    await run(await loadCore(compiled), host);
  } catch (error) {
    if (host) {
      host.fail([describe(error)]);
    } else {
      // The exit code fails the step.
      process.stdout.write(`${describe(error)}\n`);
    }
  } finally {
    host?.close();
  }
}

/**
 * What to say of an error that should not have happened. Its text could quote a value, so only its kind is told.
 *
 * @param {unknown} error
 */
function describe(error) {
  const code =
    error instanceof Error ? (/** @type {{ code?: string }} */ (error).code ?? error.name) : typeof error;
  return `the task stopped unexpectedly (${code}); nothing was set\nhint: please report this with the task's version`;
}
