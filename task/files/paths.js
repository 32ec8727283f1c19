/** Paths on an agent: where they lead, and the files that inputs name. Uses nothing but Node. */

import fs from 'node:fs';
import path from 'node:path';
import { openPlainFile, plainFileAt, realPath } from './disk.js';
import { coded, isWindows, refuse } from './work.js';

/** Whether a path is below a folder. @param {string} place @param {string} folder */
export function isInside(place, folder) {
  const way = path.relative(folder, place);
  return way !== '' && way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}

/** The ancestors of an absolute path, innermost first. @param {string} place @returns {string[]} */
export function foldersOf(place) {
  const folder = path.dirname(place);
  return folder === place ? [] : [folder, ...foldersOf(folder)];
}

/** Whether a path is fully qualified. On Windows `\folder` depends on the current drive. @param {string} place */
export const isWholePath = (place) =>
  path.isAbsolute(place) && (!isWindows || path.parse(place).root.length > 1);

/**
 * Where something is, or is going to be, with links resolved.
 *
 * @param {string} place an absolute path; its last parts need not exist yet
 */
export function placeOf(place) {
  const there = [place, ...foldersOf(place)].find((one) => tryRealPath(one) !== undefined);
  return there === undefined ? place : path.join(realPath(there), path.relative(there, place));
}

/** @param {string} place @returns {string | undefined} undefined if it does not exist */
export function tryRealPath(place) {
  try {
    return realPath(place);
  } catch {
    return undefined;
  }
}

/**
 * The innermost folder on a path that has foreign content, such as a checked-out repository or a downloaded artifact. A
 * link in there must not lead out of it.
 *
 * @param {string} place an absolute path
 * @returns {string | undefined} its real path
 */
export function foreignFolderOf(place) {
  const { AGENT_BUILDDIRECTORY = '', AGENT_WORKFOLDER = '' } = process.env;
  const folders = [process.cwd(), AGENT_BUILDDIRECTORY, AGENT_WORKFOLDER]
    .filter(path.isAbsolute)
    .map(tryRealPath);
  const way = foldersOf(place).map(tryRealPath);
  return folders.find((home) =>
    way.some((folder) => folder && home && (folder === home || isInside(folder, home))),
  );
}

/** The agent's temporary folder, as the agent spells it. It may be a link, for example to another disk. */
export function agentsTemporaryFolder() {
  const { AGENT_TEMPDIRECTORY = '' } = process.env;
  return path.isAbsolute(AGENT_TEMPDIRECTORY) ? path.resolve(AGENT_TEMPDIRECTORY) : undefined;
}

/** Folders of pseudo files, which can be endless, or hold the task's own environment. */
const SYSTEM_FOLDERS = isWindows ? [] : ['/proc', '/dev', '/sys'];
/** Windows' names for devices and pipes. */
const DEVICE = /^[\\/]{2}[.?][\\/]/;

/**
 * Reads a plain file that an input names.
 *
 * A relative path must stay in the working directory. A path in a folder with foreign content must not lead out of it,
 * nor into `.git`, and no path may lead to the system's pseudo files. Otherwise, an absolute path is the author's
 * choice.
 *
 * @param {string} written a path, absolute or from the working directory
 * @param {number} limit the largest size in bytes
 * @returns {Buffer}
 * @throws {Error & { code: string }} the system's code, or EISDIR, NOT_A_FILE, OUTSIDE, TOO_LARGE
 */
export function readPlainFile(written, limit) {
  const named = path.resolve(DEVICE.test(written) ? refuse('NOT_A_FILE') : written);
  if (!path.isAbsolute(written) && !isInside(named, process.cwd())) {
    refuse('OUTSIDE');
  }
  const place = realPathOf(named);
  checkPlace(named, place);
  const bytes = readFileAt(place, limit);
  if (realPath(named) !== place) {
    refuse('NOT_A_FILE');
  }
  return bytes;
}

/** The real path of a file. Windows reports ENOENT for a path below a file; this, ENOTDIR. @param {string} named */
function realPathOf(named) {
  try {
    return realPath(named);
  } catch (error) {
    const isBelowFile = foldersOf(named).some((folder) => plainFileAt(folder));
    throw isBelowFile ? coded('ENOTDIR') : error;
  }
}

/** @param {string} named @param {string} place the same path with links resolved */
function checkPlace(named, place) {
  if (SYSTEM_FOLDERS.some((folder) => isInside(place, folder))) {
    refuse('NOT_A_FILE');
  }
  const temporary = agentsTemporaryFolder();
  const home = temporary && isInside(named, temporary) ? realPath(temporary) : foreignFolderOf(named);
  const parts = home === undefined ? [] : path.relative(home, place).split(path.sep);
  if (home !== undefined && (!isInside(place, home) || parts.includes('.git'))) {
    refuse('OUTSIDE');
  }
}

/**
 * Reads a plain file.
 *
 * @param {string} place a path that does not end in a link
 * @param {number} limit the largest size in bytes
 * @returns {Buffer}
 */
export function readFileAt(place, limit) {
  const found = plainFileAt(place) ?? refuse(fs.lstatSync(place).isDirectory() ? 'EISDIR' : 'NOT_A_FILE');
  if (found.size > limit) {
    refuse('TOO_LARGE');
  }
  const descriptor = openPlainFile(place, fs.constants.O_RDONLY, found.identity, 'NOT_A_FILE');
  try {
    // One byte more exposes pseudo files: they report size 0, wherever they are mounted.
    const bytes = Buffer.alloc(found.size + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < bytes.length; length += count) {
      count = fs.readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    return length > found.size ? refuse('NOT_A_FILE') : bytes.subarray(0, length);
  } finally {
    fs.closeSync(descriptor);
  }
}
