/** What stops a script, in words for the person who ran it. */

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect, parseArgs } from 'node:util';

/** Something that can't be done, with what to do about it. */
export class Failure extends Error {
  exitCode = 1;

  constructor(message, advice) {
    super(message);
    this.advice = advice;
  }
}

/** A command line that can't be followed. */
export class Misuse extends Failure {
  exitCode = 2;
}

/** What went wrong and what to do; a stack only when it is a fault in the scripts themselves. */
export function describeFailure(error) {
  if (!(error instanceof Failure)) {
    return inspect(error);
  }
  return [error.message, error.advice && `What to do: ${error.advice}`].filter(Boolean).join('\n');
}

/**
 * @typedef {object} CommandLine
 * @property {string} usage what `--help` prints
 * @property {import('node:util').ParseArgsConfig['options']} [options]
 * @property {boolean} [takesWords] whether words without dashes are allowed
 */

/**
 * Runs `main` if its module is the script that was called, not one that another script uses.
 *
 * @param {string} moduleUrl
 * @param {(values: Record<string, any>, words: string[]) => unknown} main
 * @param {CommandLine} [commandLine] of a script that leaves reading its arguments to this function
 */
export async function runWhenCalled(moduleUrl, main, commandLine) {
  if (!process.argv[1] || realpathSync(process.argv[1]) !== realpathSync(fileURLToPath(moduleUrl))) {
    return;
  }
  try {
    const { values = {}, positionals = [] } = commandLine ? readCommandLine(commandLine) : {};
    if (values.help) {
      console.log(commandLine?.usage);
    } else {
      await main(values, positionals);
    }
  } catch (error) {
    const usage = error instanceof Misuse && commandLine ? `\n\n${commandLine.usage}` : '';
    console.error(`\n${describeFailure(error)}${usage}`);
    process.exitCode = error instanceof Failure ? error.exitCode : 1;
  }
}

/** @param {CommandLine} commandLine */
function readCommandLine({ options = {}, takesWords = false }) {
  try {
    const help = /** @type {const} */ ({ type: 'boolean', short: 'h' });
    return parseArgs({ options: { ...options, help }, allowPositionals: takesWords });
  } catch (error) {
    // Node's message goes on with advice that does not fit here.
    throw new Misuse(error.message.split('. ')[0]);
  }
}
