/** How the task reads a file that an input names: a plain file, of bounded size, where it seems to be. */

import fs from 'node:fs';
import path from 'node:path';
import {
  agentsTemporaryFolder,
  coded,
  foldersOf,
  foreignFolderOf,
  isInside,
  openPlainFile,
  plainFileAt,
  realPath,
  refuse,
} from './disk.js';

/** Nothing in there is a real file: it can be endless, or hold the task's own environment. */
const SYSTEM_FOLDERS = ['/proc', '/dev', '/sys'];
/** Windows' names for devices and pipes. */
const DEVICE = /^[\\/]{2}[.?][\\/]/;

/**
 * Reads a plain file that an input names.
 *
 * A relative path stays in the working directory. A path in a folder with foreign content may not lead out of it, nor
 * into git's own folder; no path may lead among the system's pseudo files. Else an absolute path is its author's choice.
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

/** The real path of a file. Windows says of what is below a file that it is not there. @param {string} named */
function realPathOf(named) {
  try {
    return realPath(named);
  } catch (error) {
    const isBelowFile = foldersOf(named).some((folder) => plainFileAt(folder));
    throw isBelowFile ? coded('ENOTDIR') : error;
  }
}

/**
 * Reads a plain file.
 *
 * @param {string} place a path, the end of which is no link
 * @param {number} limit the largest size in bytes
 * @returns {Buffer}
 */
export function readFileAt(place, limit) {
  const found = plainFileAt(place) ?? refuse(fs.lstatSync(place).isDirectory() ? 'EISDIR' : 'NOT_A_FILE');
  if (found.size > limit) {
    refuse('TOO_LARGE');
  }
  const descriptor = openPlainFile(place, fs.constants.O_RDONLY, found.identity) ?? refuse('NOT_A_FILE');
  try {
    return readWhole(descriptor, found.size);
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * @param {string} named
 * @param {string} place the same path without links
 */
function checkPlace(named, place) {
  if (process.platform !== 'win32' && SYSTEM_FOLDERS.some((folder) => isInside(place, folder))) {
    refuse('NOT_A_FILE');
  }
  const temporary = agentsTemporaryFolder();
  const home = temporary && isInside(named, temporary) ? realPath(temporary) : foreignFolderOf(named);
  if (
    home !== undefined &&
    (!isInside(place, home) || path.relative(home, place).split(path.sep).includes('.git'))
  ) {
    refuse('OUTSIDE');
  }
}

/**
 * @param {number} descriptor
 * @param {number} size what the system says
 */
function readWhole(descriptor, size) {
  // One byte more: pseudo files say that they are empty, wherever they are mounted.
  const bytes = Buffer.alloc(size + 1);
  let length = 0;
  for (let count = -1; count !== 0 && length < bytes.length; length += count) {
    count = fs.readSync(descriptor, bytes, length, bytes.length - length, null);
  }
  return length > size ? refuse('NOT_A_FILE') : bytes.subarray(0, length);
}
