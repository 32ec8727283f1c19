/** What "this very file" means: the real path of its folder, and its device and inode there. */

import fs from 'node:fs';
import path from 'node:path';

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

/** @typedef {{ path: string, identity: string }} WrittenFile */

/**
 * @param {string} path
 * @param {string} [as] the path that the file is going to have; renaming changes nothing of it but that
 * @returns {WrittenFile | undefined} nothing if there is no plain file
 */
export function identify(path, as = path) {
  const found = fs.lstatSync(path, { throwIfNoEntry: false, bigint: true });
  if (!found?.isFile()) {
    return undefined;
  }
  return { path: as, identity: [found.dev, found.ino, found.size, found.mtimeNs].join(':') };
}
