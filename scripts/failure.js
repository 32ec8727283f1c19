/** Failures of a script, with messages for the person who ran it. */

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect, parseArgs } from 'node:util';

/** A failure with advice on what to do about it. */
export class Failure extends Error {
  exitCode = 1;

  constructor(message, advice) {
    super(message);
    this.advice = advice;
  }
}

/** An invalid command line. */
export class Misuse extends Failure {
  exitCode = 2;
}

/** What went wrong and what to do; with a stack trace only for a bug in the scripts themselves. */
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
 * @param {CommandLine} [commandLine] of a script that lets this function parse its arguments
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
    // Node's message continues with advice that does not fit here.
    throw new Misuse(error.message.split('. ')[0]);
  }
}
