/**
 * What stops a script, in words for the person who ran it.
 */

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Something that can't be done, with what to do about it. */
export class Failure extends Error {
  constructor(message, advice) {
    super(message);
    this.advice = advice;
  }
}

/** Prints what went wrong; a stack only when it is a fault in the scripts themselves. */
export function reportFailure(error) {
  if (!(error instanceof Failure)) {
    console.error(error);
    return;
  }
  console.error(`\n${error.message}`);
  if (error.advice) {
    console.error(`What to do: ${error.advice}`);
  }
}

/** Runs `main` if its module is the script that was called, not one that another script uses. */
export async function runWhenCalled(moduleUrl, main) {
  if (!process.argv[1] || realpathSync(process.argv[1]) !== realpathSync(fileURLToPath(moduleUrl))) {
    return;
  }
  try {
    await main();
  } catch (error) {
    reportFailure(error);
    process.exitCode = 1;
  }
}
