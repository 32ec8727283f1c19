/**
 * What stops a script, in words for the person who ran it.
 */

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

/** Something that can't be done, with what to do about it. */
export class Failure extends Error {
  constructor(message, advice) {
    super(message);
    this.advice = advice;
  }
}

/** What went wrong and what to do; a stack only when it is a fault in the scripts themselves. */
export function describeFailure(error) {
  if (!(error instanceof Failure)) {
    return inspect(error);
  }
  return [error.message, error.advice && `What to do: ${error.advice}`].filter(Boolean).join('\n');
}

/** Runs `main` if its module is the script that was called, not one that another script uses. */
export async function runWhenCalled(moduleUrl, main) {
  if (!process.argv[1] || realpathSync(process.argv[1]) !== realpathSync(fileURLToPath(moduleUrl))) {
    return;
  }
  try {
    await main();
  } catch (error) {
    console.error(`\n${describeFailure(error)}`);
    process.exitCode = 1;
  }
}
