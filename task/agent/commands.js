/** Logging commands for the agent, plain lines, and the pipe for both, which may be slow or have lost its reader. */

/**
 * Has the agent mask a text in every log from here on. Unlike the library's `setSecret`, this accepts several lines;
 * the agent then also masks their JSON-escaped form.
 *
 * @param {string} text
 */
export const printMask = (text) => printCommand('task.setsecret', text);

/**
 * Reports a problem. The agent masks this text, unlike that of `task.complete`.
 *
 * @param {'error' | 'warning'} type
 * @param {string} text
 */
export function printIssue(type, text) {
  printCommand(`task.logissue type=${type};source=TaskInternal;`, text);
}

/** @param {string} text */
export const warn = (text) => printIssue('warning', text);

/**
 * Reports the result, which overrides the exit code. The agent sends this text to the server without masking it, so it
 * is always the same.
 *
 * @param {boolean} hasSucceeded
 */
export function printResult(hasSucceeded) {
  const text = hasSucceeded ? '' : 'the task failed; see its errors';
  printCommand(`task.complete result=${hasSucceeded ? 'Succeeded' : 'Failed'};`, text);
  process.exitCode = 0;
}

/**
 * Prints a line, with any logging command in it defused: the agent executes one anywhere in a line. Its search for the
 * prefix ignores invisible characters, so there may be some inside it.
 *
 * @param {string} text
 */
export function print(text) {
  // A space after each `#` that another one follows: even of `###`, no two may stay adjacent.
  process.stdout.write(`${text.replace(/#(?=[\p{DI}\p{Cf}\p{Cc}\p{M}]*#)/gu, '# ')}\n`);
}

/**
 * @param {string} start the command's name, then its properties
 * @param {string} data
 */
function printCommand(start, data) {
  const escaped = data.replaceAll('%', '%AZP25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  process.stdout.write(`##vso[${start}]${escaped}\n`);
}

/** The build inserts the address from identity.json. */
export const PLEASE_REPORT = `please report this, with the task's version, at ${process.env.KSM_SUPPORT}`;

/**
 * The message for an unexpected error. The error's own text could quote a value, so only its kind is named.
 *
 * @param {unknown} error
 */
export function describeDefect(error) {
  const kind =
    error instanceof Error ? (/** @type {{ code?: string }} */ (error).code ?? error.name) : typeof error;
  return `the task stopped unexpectedly (${kind}); nothing was set\nhint: ${PLEASE_REPORT}`;
}

let isBroken = false;

/** Calls back if the agent stops reading. @param {() => void} onEnd */
export function watchOutput(onEnd) {
  process.stdout.on('error', () => {
    isBroken = true;
    onEnd();
  });
}

/** Waits until all output has left the process. @returns {Promise<boolean>} whether the agent took it */
export function drained() {
  return new Promise((resolve) => {
    process.stdout.write('', (error) => resolve(!error && !isBroken));
  });
}

/**
 * Prints many lines with few system calls, where the system allows it: Windows does not.
 *
 * @param {() => void} printAll
 * @returns {Promise<boolean>} whether the agent took them, once they have left the process
 */
export function inOneWrite(printAll) {
  process.stdout.cork();
  try {
    printAll();
  } finally {
    process.stdout.uncork();
  }
  return drained();
}
