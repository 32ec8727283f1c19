/** Logging commands of the agent, plain lines, and the pipe that takes both: it may be slow, or have lost its reader. */

let masks = 0;

/** How many masks this step has registered. */
export const countMasks = () => masks;

/**
 * Tells the agent to hide a text in every log from here on. Unlike the library's `setSecret`, it takes texts of several
 * lines: the agent then also hides their JSON-escaped form.
 *
 * @param {string} text
 */
export function printMask(text) {
  masks += 1;
  printCommand('task.setsecret', text);
}

/**
 * Reports a problem. Unlike the text of `task.complete`, the agent masks it.
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
 * Reports the result, after which the exit code does not count. The agent sends the text to the server as it is, without
 * a look at its masks, so it is always the same.
 *
 * @param {boolean} hasSucceeded
 */
export function printResult(hasSucceeded) {
  const text = hasSucceeded ? '' : 'the task failed; see its errors';
  printCommand(`task.complete result=${hasSucceeded ? 'Succeeded' : 'Failed'};`, text);
  process.exitCode = 0;
}

/**
 * Prints a line in which no logging command is left: the agent would execute one anywhere in a line. It looks for the
 * prefix as a reader would, so that invisible characters may be inside of it.
 *
 * @param {string} text
 */
export function print(text) {
  // A blank after each `#` that another follows: of `###` no two may stay together.
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

/** The build puts in the address, from identity.json. */
export const PLEASE_REPORT = `please report this, with the task's version, at ${process.env.KSM_SUPPORT}`;

/**
 * What to say of an error that should not have happened. Its text could quote a value, so only its kind is named.
 *
 * @param {unknown} error
 */
export function describeDefect(error) {
  const kind =
    error instanceof Error ? (/** @type {{ code?: string }} */ (error).code ?? error.name) : typeof error;
  return `the task stopped unexpectedly (${kind}); nothing was set\nhint: ${PLEASE_REPORT}`;
}

let isBroken = false;

/** Listens for the end of the agent. @param {() => void} onEnd */
export function watchOutput(onEnd) {
  process.stdout.on('error', () => {
    isBroken = true;
    onEnd();
  });
}

/** Waits until everything that was printed has left the process. @returns {Promise<boolean>} whether the agent took it */
export function drained() {
  return new Promise((resolve) => {
    process.stdout.write('', (error) => resolve(!error && !isBroken));
  });
}

/**
 * Prints many lines by few calls of the system, where it takes several at once: on Windows it does not.
 *
 * @param {() => void} printAll
 * @returns {Promise<boolean>} whether the agent took them, once they have left
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
