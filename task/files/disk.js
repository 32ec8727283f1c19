/** Files on disk: their identities, and replacing one and restoring it. Uses nothing but Node. */

import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { codeOf, isWindows, patiently, refuse } from './work.js';

/** @import { Code } from './work.js' */

const { O_RDONLY, O_RDWR } = fs.constants;

/** Waits until what was written has reached the disk. */
export const flush = promisify(fs.fsync);

/** @param {number} descriptor @param {Uint8Array[]} pieces @returns {Promise<void>} */
export async function writeAll(descriptor, pieces) {
  const written = await new Promise((resolve, reject) => {
    fs.writev(descriptor, pieces, (error, count) => (error ? reject(error) : resolve(count)));
  });
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (written < length) {
    const whole = Buffer.concat(pieces);
    await writeAll(descriptor, [whole.subarray(written)]).finally(() => whole.fill(0));
  }
}

/**
 * @typedef {object} Found
 * @property {string} identity device and inode
 * @property {number} mode permission bits
 * @property {number} size in bytes
 */

/** The plain file at a path; nothing if it is a link, a folder or a device. @param {string} place */
export function plainFileAt(place) {
  const found = fs.lstatSync(place, { throwIfNoEntry: false, bigint: true });
  return found && describe(found);
}

/** The plain file behind a descriptor. @param {number} descriptor */
export const plainFileBehind = (descriptor) => describe(fs.fstatSync(descriptor, { bigint: true }));

/** @param {fs.BigIntStats} stats @returns {Found | undefined} */
function describe(stats) {
  const [mode, size] = [Number(stats.mode) & 0o777, Number(stats.size)];
  return stats.isFile() ? { identity: identityOf(stats), mode, size } : undefined;
}

/**
 * Identifies a file or folder for as long as it exists. On Windows, versions of Node disagree about the upper half of
 * the device number, so that is left out.
 *
 * @param {{ dev: bigint, ino: bigint }} stats
 */
export const identityOf = ({ dev, ino }) => `${BigInt.asUintN(32, dev)}:${ino}`;

/**
 * Opens a plain file whose identity is known. If something else, such as a link or a pipe, has taken its place, this
 * neither follows it nor blocks.
 *
 * @param {string} place a path that does not end in a link
 * @param {number} flags
 * @param {string | undefined} identity
 * @param {Code} [otherwise] the code of the error if it is not that file
 * @returns {number} a descriptor
 */
export function openPlainFile(place, flags, identity, otherwise = 'TEMPORARY_EXCHANGED') {
  const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
  const descriptor = fs.openSync(place, flags | O_NOFOLLOW | O_NONBLOCK);
  try {
    const found = plainFileBehind(descriptor);
    return found && found.identity === identity ? descriptor : refuse(otherwise);
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
}

/**
 * Changes the mode of a plain file whose identity is known.
 *
 * @param {string} place
 * @param {string | undefined} identity
 * @param {number} mode
 * @returns {number} the mode that it has then
 */
export function changeMode(place, identity, mode) {
  const descriptor = openPlainFile(place, O_RDONLY, identity);
  try {
    fs.fchmodSync(descriptor, mode);
  } catch {
    // Some file systems refuse; what counts is the mode that results.
  }
  try {
    return plainFileBehind(descriptor)?.mode ?? mode;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Empties a plain file whose identity is known. @param {string} place @param {string | undefined} identity */
export function emptyFile(place, identity) {
  if (!isWindows) {
    // The author may have asked for a mode without write permission.
    changeMode(place, identity, 0o600);
  }
  const descriptor = openPlainFile(place, O_RDWR, identity);
  try {
    fs.ftruncateSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** A path with its links resolved, spelled as the system spells it. @param {string} place something that exists */
export function realPath(place) {
  const real = fs.realpathSync.native(place);
  // In containers on Windows, mapped folders have none.
  return path.isAbsolute(real) ? real : path.resolve(place);
}

/** The names of files that are kept. */
const ASIDE = /^\.ksm-[0-9a-f]{12}o$/;

/** Removes a plain file, if there is one. @param {string} place @param {number} [until] when to stop retrying */
export const removeFile = (place, until) =>
  patiently(() => plainFileAt(place) && fs.unlinkSync(place), { until });

/**
 * A file of the task, with what is known about it so far.
 *
 * @typedef {object} OwnFile
 * @property {string} place where it is going to be, with links resolved
 * @property {string} temporary where it is until then, in the same folder
 * @property {string} aside where the file that it replaces is kept
 * @property {string} [identity]
 * @property {string} [replaced] the identity of that other file, once it is kept
 */

/**
 * Gives a file that is about to be replaced a second name, so that it can be restored; where hard links are not
 * possible, it is copied. Its own name always leads to a file.
 *
 * @param {OwnFile} file
 * @param {Found} old what is at its place
 */
export function setAside({ place, aside }, old) {
  if (isWindows && (old.mode & 0o200) === 0) {
    // There a read-only file can't be replaced, only moved.
    return fs.renameSync(place, aside);
  }
  try {
    fs.linkSync(place, aside);
  } catch {
    try {
      fs.copyFileSync(place, aside, fs.constants.COPYFILE_EXCL);
    } catch (error) {
      fs.rmSync(aside, { force: true });
      throw error;
    }
  }
}

/**
 * Removes a file, and puts the one that was kept aside back in its place, atomically.
 *
 * @param {OwnFile} file
 * @param {{ isDone?: boolean, until?: number }} options whether all files got their names: later steps may have
 *          rewritten it, and some file systems renumber files each day. Otherwise only a file known to be the task's
 *          own goes
 * @returns {Promise<'absent' | 'removed' | 'returned' | 'occupied' | 'lost'>} what became of it: its place is occupied
 *          if something else is there; what it replaced is lost if that is no longer kept
 */
export const takeBack = (file, { isDone = false, until }) =>
  patiently(() => takeBackAtOnce(file, isDone), { until });

/** @param {OwnFile} file @param {boolean} isDone */
function takeBackAtOnce({ place, temporary, aside, identity, replaced }, isDone) {
  const [now, kept] = [plainFileAt(place), plainFileAt(aside)];
  const isItself = now !== undefined && now.identity === identity;
  const isOthers = now !== undefined && identity !== undefined && !isItself;
  const other = isOthers ? keptByOther(place, identity) : undefined;
  if (other) {
    leaveTo(other, kept && aside);
    if (plainFileAt(place)?.identity !== identity) {
      return 'removed';
    }
    // The other job ended at the same moment, and has put this file back.
    const keptNow = kept ? other : aside;
    return takeBackAtOnce({ place, temporary, aside: keptNow, identity, replaced }, isDone);
  }
  if (!kept) {
    const isLost = replaced !== undefined && (isDone || isItself);
    const goes = isItself || (isDone && !isLost && now !== undefined);
    if (goes) {
      fs.unlinkSync(place);
    }
    return isLost ? 'lost' : goes ? 'removed' : 'absent';
  }
  // After a finished step, a file with the identity of the original is another one: file systems reuse numbers.
  const isReplaced = !isDone && !isItself && (replaced === undefined || now?.identity === replaced);
  if (now && (isReplaced || now.identity === kept.identity)) {
    // It never lost its name. Renaming one name of a file to another name of it would leave both.
    fs.unlinkSync(aside);
    return 'returned';
  }
  if (now ? !isDone && !isItself : fs.lstatSync(place, { throwIfNoEntry: false })) {
    return 'occupied';
  }
  moveBack(aside, place);
  return 'returned';
}

/**
 * Replaces a file that another job keeps, so that the other job puts back what was there before either.
 *
 * @param {string} other
 * @param {string | undefined} aside what was there before, if anything
 */
function leaveTo(other, aside) {
  try {
    aside === undefined ? fs.unlinkSync(other) : fs.renameSync(aside, other);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      throw error;
    }
  }
}

/**
 * Where another job keeps a file that it replaced: two agents of the same user may both write to the user's home.
 *
 * @param {string} place
 * @param {string} identity
 */
function keptByOther(place, identity) {
  const folder = path.dirname(place);
  try {
    const kept = fs.readdirSync(folder).filter((name) => ASIDE.test(name));
    return kept.map((name) => path.join(folder, name)).find((one) => plainFileAt(one)?.identity === identity);
  } catch {
    // Its owner may have taken the right to list the folder.
    return undefined;
  }
}

/**
 * Moves a file back, also between mounts: in a container job, the work folder and the temporary folder are two mounts
 * of one device, and renaming between them fails.
 *
 * @param {string} aside
 * @param {string} place
 */
function moveBack(aside, place) {
  try {
    fs.renameSync(aside, place);
  } catch (error) {
    const near = path.join(path.dirname(place), path.basename(aside));
    if (codeOf(error) !== 'EXDEV' || near === aside) {
      throw error;
    }
    // A killed one may have left a part.
    fs.rmSync(near, { force: true });
    fs.copyFileSync(aside, near, fs.constants.COPYFILE_EXCL);
    try {
      fs.renameSync(near, place);
    } finally {
      fs.rmSync(near, { force: true });
    }
    fs.unlinkSync(aside);
  }
}
