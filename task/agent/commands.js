/** The one logging command that may not wait for the task library: a mask. */

/**
 * Tells the agent to hide a text in every log from here on. Unlike the library's `setSecret`, it takes texts of
 * several lines: the agent then also hides their JSON-escaped form.
 *
 * @param {string} text
 */
export function printMask(text) {
  const escaped = text.replaceAll('%', '%AZP25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  process.stdout.write(`##vso[task.setsecret]${escaped}\n`);
}
