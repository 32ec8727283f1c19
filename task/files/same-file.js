/** What "this very file" means: the real path of its folder, and its device and inode there. */

import fs from 'node:fs';
import path from 'node:path';
import { isWindows, patiently } from './disk.js';

/**
 * @typedef {object} Found
 * @property {string} identity device and inode
 * @property {number} mode permission bits
 * @property {number} size in bytes
 */

/**
 * The plain file at a path; nothing if there is none, or if it is a link, a folder or a device.
 *
 * @param {string} place
 * @returns {Found | undefined}
 */
export function plainFileAt(place) {
  const found = fs.lstatSync(place, { throwIfNoEntry: false, bigint: true });
  return found?.isFile() ? describe(found) : undefined;
}

/**
 * The plain file behind a descriptor.
 *
 * @param {number} descriptor
 * @returns {Found | undefined}
 */
export function plainFileBehind(descriptor) {
  const found = fs.fstatSync(descriptor, { bigint: true });
  return found.isFile() ? describe(found) : undefined;
}

/**
 * Opens a plain file that is known already. Should something else have its place just now, such as a link or a pipe, this
 * neither follows it nor waits.
 *
 * @param {string} place a path, the end of which is no link
 * @param {number} flags
 * @param {string | undefined} identity
 * @returns {number | undefined} a descriptor, if it is that very file
 */
export function openPlainFile(place, flags, identity) {
  const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
  const descriptor = fs.openSync(place, flags | O_NOFOLLOW | O_NONBLOCK);
  let isMeant = false;
  try {
    isMeant = identity !== undefined && plainFileBehind(descriptor)?.identity === identity;
    return isMeant ? descriptor : undefined;
  } finally {
    if (!isMeant) {
      fs.closeSync(descriptor);
    }
  }
}

/**
 * A number that only this file or folder has while it exists. Versions of Node on Windows disagree about the upper half
 * of a device's number.
 *
 * @param {{ dev: bigint, ino: bigint }} stats
 */
export const identityOf = ({ dev, ino }) => `${BigInt.asUintN(32, dev)}:${ino}`;

/** @param {fs.BigIntStats} stats @returns {Found} */
const describe = (stats) => ({
  identity: identityOf(stats),
  mode: Number(stats.mode) & 0o777,
  size: Number(stats.size),
});

/**
 * A path without links, as the system itself writes it.
 *
 * @param {string} place something that exists
 */
export const realPath = (place) => fs.realpathSync.native(place);

/**
 * @param {string} target
 * @param {string} folder
 */
export function isInside(target, folder) {
  const way = path.relative(folder, target);
  return way !== '' && way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}

/**
 * The innermost folder with foreign content, such as a checked-out repository or a downloaded artifact, on the way to a
 * path. A link in there must not lead out of it.
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

/** The agent's temporary folder, as the agent names it: it may be a link, to a disk of its own. */
export function agentsTemporaryFolder() {
  const { AGENT_TEMPDIRECTORY = '' } = process.env;
  return path.isAbsolute(AGENT_TEMPDIRECTORY) ? path.resolve(AGENT_TEMPDIRECTORY) : undefined;
}

/**
 * The folders that a path leads through, the last one first.
 *
 * @param {string} place an absolute path
 * @returns {string[]}
 */
export function foldersOf(place) {
  const folder = path.dirname(place);
  return folder === place ? [] : [folder, ...foldersOf(folder)];
}

/**
 * Where a file is going to be, without the links on the way to it.
 *
 * @param {string} target an absolute path; its last folders need not be there yet
 */
export function placeOf(target) {
  const folder = foldersOf(target).find((one) => tryRealPath(one) !== undefined);
  return folder === undefined ? target : path.join(realPath(folder), path.relative(folder, target));
}

/** @param {string} place */
function tryRealPath(place) {
  try {
    return realPath(place);
  } catch {
    return undefined;
  }
}

/**
 * Whether a path means the same everywhere: on Windows `\folder` depends on the current drive.
 *
 * @param {string} place
 */
export const isWholePath = (place) =>
  path.isAbsolute(place) && (!isWindows || path.parse(place).root.length > 1);

/** @typedef {(found: Found) => boolean} IsMeant */

/**
 * Removes a plain file if it is the one that is meant.
 *
 * @param {string} place
 * @param {IsMeant} isMeant
 * @param {number} [until] the time at which patience ends
 * @returns {Promise<boolean>} whether there was one
 */
export function removeFile(place, isMeant, until) {
  return patiently(
    () => {
      const found = plainFileAt(place);
      const isThere = found !== undefined && isMeant(found);
      if (isThere) {
        fs.unlinkSync(place);
      }
      return isThere;
    },
    { until },
  );
}

/**
 * Gives a file that was kept aside its name back, in one step if another plain file has it.
 *
 * @param {string} aside
 * @param {string} target
 * @param {string | undefined} replaced the identity of the file that was kept aside, by a second name or as a copy
 * @param {IsMeant} isMeant whether the file that has the name may go
 * @param {number} [until] the time at which patience ends
 * @returns {Promise<boolean>} whether it has its name again, or still
 */
export function putBack(aside, target, replaced, isMeant, until) {
  return patiently(
    () => {
      const old = plainFileAt(aside);
      const found = plainFileAt(target);
      if (old && found && [old.identity, replaced].includes(found.identity)) {
        // It never lost its name. To rename one name of a file into another would leave both.
        fs.unlinkSync(aside);
        return true;
      }
      const isFree = found ? isMeant(found) : !fs.lstatSync(target, { throwIfNoEntry: false });
      if (old && isFree) {
        fs.renameSync(aside, target);
      }
      return old !== undefined && isFree;
    },
    { until },
  );
}
