/** The way to the agent: one pipe, which may be slow, or have nobody at its end any more. */

let isBroken = false;

/**
 * Listens for the end of the agent.
 *
 * @param {() => void} onEnd
 */
export function watchOutput(onEnd) {
  process.stdout.on('error', () => {
    isBroken = true;
    onEnd();
  });
}

/**
 * Waits until everything that was printed has left the process.
 *
 * @returns {Promise<boolean>} whether somebody took it
 */
export function drained() {
  return new Promise((resolve) => {
    process.stdout.write('', (error) => resolve(!error && !isBroken));
  });
}
