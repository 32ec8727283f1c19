/** What only Windows has: access lists, and drives that are not there. */

import childProcess from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { foreignFolderOf, isWholePath, isWindows } from './disk.js';
import { Refused } from './refusal.js';

const SYSTEM = 'S-1-5-18';
/** Whoever owns a file. */
const OWNER_RIGHTS = 'S-1-3-4';
const TIMEOUT_MS = 10_000;

/** The agent's user, once it was asked for. @type {Promise<string> | undefined} */
let user;

/**
 * Leaves only the agent's user and the system access to a file, as mode 0600 does elsewhere. A name may hold `*`.
 *
 * @param {string} place
 * @returns {Promise<string | undefined>} why it could not be done
 */
export async function protect(place) {
  user ??= askSystem('whoami.exe', ['/user', '/fo', 'csv', '/nh']).then(({ output }) => userIn(output));
  return (await askSystem('icacls.exe', accessListArguments(place, await user))).failure;
}

/**
 * The user's identifier in what `whoami` says; without one, whoever owns the file. OpenSSH takes no key that has "owner
 * rights" in its list, so the user is better.
 *
 * @param {string} output
 */
export const userIn = (output) => /\b(S-1-\d+(?:-\d+)+)"?\s*$/.exec(output)?.[1] ?? OWNER_RIGHTS;

/**
 * Nothing inherited, and full access for two.
 *
 * @param {string} place
 * @param {string} user identifier
 */
export const accessListArguments = (place, user) => [
  place,
  '/inheritance:r',
  '/grant:r',
  `*${user}:F`,
  `*${SYSTEM}:F`,
  '/q',
];

/**
 * Runs a program of Windows itself.
 *
 * @param {string} name
 * @param {string[]} words
 * @returns {Promise<{ output: string, failure?: string }>}
 */
function askSystem(name, words) {
  const program = systemProgram(name, process.env.SystemRoot);
  if (!program) {
    return Promise.resolve({ output: '', failure: 'SystemRoot names no folder of Windows' });
  }
  const options = { cwd: path.dirname(program), timeout: TIMEOUT_MS, windowsHide: true };
  return new Promise((resolve) => {
    childProcess.execFile(program, words, options, (error, output) =>
      resolve({ output, failure: error ? `${name}: ${error.killed ? 'no answer' : error.code}` : undefined }),
    );
  });
}

/**
 * @param {string} name
 * @param {string | undefined} systemRoot as the environment has it, which a pipeline may have changed
 * @returns {string | undefined} the program's path, if it is there and nobody else's
 */
export function systemProgram(name, systemRoot = '') {
  const program = path.join(systemRoot, 'System32', name);
  const isOwn = isWholePath(systemRoot) && foreignFolderOf(program) === undefined;
  return isOwn && fs.existsSync(program) ? program : undefined;
}

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
