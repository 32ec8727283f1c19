/** What only Windows has: access lists, and drives that are not there. */

import childProcess from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Refused, isWindows } from './disk.js';
import { foreignFolderOf, isWholePath } from './same-file.js';

/**
 * Leaves only a file's owner and the system access to it, as mode 0600 does elsewhere. A name may hold `*`.
 *
 * @param {string} place
 * @returns {Promise<string | undefined>} why it could not be done
 */
export function protect(place) {
  const program = isWindows ? accessListProgram(process.env.SystemRoot) : undefined;
  if (!program) {
    return Promise.resolve(isWindows ? 'SystemRoot names no folder of Windows' : undefined);
  }
  const options = { cwd: path.dirname(program), timeout: 10_000, windowsHide: true };
  return new Promise((resolve) => {
    childProcess.execFile(program, accessListArguments(place), options, (error) =>
      resolve(error ? `icacls: ${error.killed ? 'no answer' : error.code}` : undefined),
    );
  });
}

/**
 * @param {string | undefined} systemRoot as the environment has it, which a pipeline may have changed
 * @returns {string | undefined}
 */
export function accessListProgram(systemRoot = '') {
  const program = path.join(systemRoot, 'System32', 'icacls.exe');
  return isWholePath(systemRoot) && foreignFolderOf(program) === undefined && fs.existsSync(program)
    ? program
    : undefined;
}

/**
 * Nothing inherited; full access for whoever owns the file (S-1-3-4, "owner rights") and for the system (S-1-5-18).
 *
 * @param {string} place
 */
export const accessListArguments = (place) => [
  place,
  '/inheritance:r',
  '/grant:r',
  '*S-1-3-4:F',
  '*S-1-5-18:F',
  '/q',
];

/**
 * Looks whether a path's drive or share is there. An unreachable share takes long to say so, and is given up when the
 * step is cancelled.
 *
 * @param {string} target an absolute path
 * @param {AbortSignal} signal
 */
export async function checkDrive(target, signal) {
  const { root } = path.parse(target);
  if (!isWindows) {
    return;
  }
  const look = fs.promises.stat(root).catch(() => {
    throw new Refused(`there is no drive or share \`${root}\``);
  });
  /** @type {Promise<void>} */
  const end = new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await Promise.race([look, end]);
}
