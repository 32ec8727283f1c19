/** The disk: what "this very file" means there, patience with those who hold a file, and writing until everything is taken. */

import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

export const isWindows = process.platform === 'win32';

/** @typedef {import('../../pkg/core.js').FailureCode | import('../../pkg/core.js').FileCode | import('../../pkg/core.js').DiskCode} Code */

/** An error with a code, and with what it is about; the core has the words for both. @param {Code} code @param {string} [detail] */
export const coded = (code, detail) => Object.assign(new Error(code), { code, detail });

/** @param {Code} code @param {string} [detail] @returns {never} */
export function refuse(code, detail) {
  throw coded(code, detail);
}

/** A scanner holds a new file for up to some seconds; the agent waits some ten for a step that it has cancelled. */
const PATIENCE_MS = 4_000;
const HELD = ['EBUSY', 'EPERM', 'EACCES'];

/**
 * Does something with a file, again and again for some seconds while another program holds it.
 *
 * @template T
 * @param {() => T} work
 * @param {{ signal?: AbortSignal, until?: number }} [limits] `until` is a time in milliseconds since 1970
 * @returns {Promise<T>}
 */
export async function patiently(work, { signal, until = soon() } = {}) {
  for (let delayMs = 10; ; delayMs = Math.min(2 * delayMs, 250)) {
    try {
      return work();
    } catch (error) {
      const isHeld = isWindows && HELD.includes(/** @type {NodeJS.ErrnoException} */ (error).code ?? '');
      if (!isHeld || signal?.aborted || Date.now() + delayMs > until) {
        throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
}

/** The time at which patience is over, for several files together. */
export const soon = () => Date.now() + PATIENCE_MS;

/**
 * Does something that may fail without keeping the rest from being done.
 *
 * @param {string} failure what to say then
 * @param {() => unknown} work
 * @returns {Promise<string[]>}
 */
export async function attempt(failure, work) {
  try {
    await work();
    return [];
  } catch (error) {
    return [`${failure} (${/** @type {NodeJS.ErrnoException} */ (error).code ?? 'unknown'})`];
  }
}

/**
 * Does something with each of many, some of them at once.
 *
 * @template T
 * @param {number} width how many at once
 * @param {T[]} items
 * @param {(item: T, index: number) => Promise<void>} work
 */
export async function sideBySide(width, items, work) {
  const left = items.entries();
  const takeTurns = async () => {
    for (const [index, item] of left) {
      await work(item, index);
    }
  };
  await Promise.all(Array.from({ length: width }, takeTurns));
}

/** Waits until what was written is on the disk. */
export const flush = promisify(fs.fsync);

/**
 * @param {number} descriptor
 * @param {Uint8Array[]} pieces
 * @returns {Promise<void>}
 */
export function writeAll(descriptor, pieces) {
  return new Promise((resolve, reject) => {
    fs.writev(descriptor, pieces, (error, written) => {
      const rest = error ? [] : behind(pieces, written);
      if (error) {
        reject(error);
      } else if (rest.length > 0) {
        writeAll(descriptor, rest).then(resolve, reject);
      } else {
        resolve();
      }
    });
  });
}

/**
 * What is left of pieces after their first bytes.
 *
 * @param {Uint8Array[]} pieces
 * @param {number} count
 */
function behind(pieces, count) {
  let passed = 0;
  return pieces.flatMap((piece) => {
    const from = Math.min(Math.max(count - passed, 0), piece.length);
    passed += piece.length;
    return from < piece.length ? [piece.subarray(from)] : [];
  });
}

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
 * The plain file that a descriptor opens.
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

/** A path without links, as the system itself writes it. @param {string} place something that exists */
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
 * Where something is, or is going to be, without the links on the way to it.
 *
 * @param {string} place an absolute path; its last parts need not be there yet
 */
export function placeOf(place) {
  const there = [place, ...foldersOf(place)].find((one) => tryRealPath(one) !== undefined);
  return there === undefined ? place : path.join(realPath(there), path.relative(there, place));
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
