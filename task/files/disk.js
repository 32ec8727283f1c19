/** The disk: which file is which, patience with programs that hold a file, and work that goes on after a failure. */

import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

export const isWindows = process.platform === 'win32';

/** @import { DiskCode, FailureCode, FileCode } from '../../pkg/core.js' */
/** @typedef {FailureCode | FileCode | DiskCode} Code */

/** An error with a code and what it is about. The core has the words. @param {Code} code @param {string} [detail] */
export const coded = (code, detail) => Object.assign(new Error(code), { code, detail });

/** @param {Code} code @param {string} [detail] @returns {never} */
export function refuse(code, detail) {
  throw coded(code, detail);
}

/** A scanner holds a new file for up to some seconds; the agent waits some ten for a step that it has cancelled. */
const PATIENCE_MS = 4_000;
const HELD = ['EBUSY', 'EPERM', 'EACCES'];

/** The time at which patience is over, in milliseconds since 1970, for several files together. */
export const soon = () => Date.now() + PATIENCE_MS;

/**
 * Does something with a file, again and again for some seconds while another program holds it.
 *
 * @template T
 * @param {() => T} work
 * @param {{ signal?: AbortSignal, until?: number }} [limits]
 * @returns {Promise<T>}
 */
export async function patiently(work, { signal, until = soon() } = {}) {
  for (let delayMs = 10; ; delayMs = Math.min(2 * delayMs, 250)) {
    try {
      return work();
    } catch (error) {
      const isHeld = isWindows && HELD.includes(/** @type {NodeJS.ErrnoException} */ (error).code ?? '');
      if (!isHeld || Date.now() + delayMs > until) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      // By now everything may have been taken back.
      if (signal?.aborted) {
        throw error;
      }
    }
  }
}

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

/** The plain file that a descriptor opens. @param {number} descriptor */
export const plainFileBehind = (descriptor) => describe(fs.fstatSync(descriptor, { bigint: true }));

/** @param {fs.BigIntStats} stats @returns {Found | undefined} */
function describe(stats) {
  const [mode, size] = [Number(stats.mode) & 0o777, Number(stats.size)];
  return stats.isFile() ? { identity: identityOf(stats), mode, size } : undefined;
}

/**
 * A number that only this file or folder has while it exists. Versions of Node on Windows disagree about the upper half
 * of a device's number.
 *
 * @param {{ dev: bigint, ino: bigint }} stats
 */
export const identityOf = ({ dev, ino }) => `${BigInt.asUintN(32, dev)}:${ino}`;

/**
 * Opens a plain file that is known already. Should something else have its place just now, such as a link or a pipe,
 * this neither follows it nor waits.
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
    // One byte more: pseudo files say that they are empty, wherever they are mounted.
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

/** A path without links, as the system itself writes it. @param {string} place something that exists */
export const realPath = (place) => fs.realpathSync.native(place);

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
  const remove = () => {
    const found = plainFileAt(place);
    const isThere = found !== undefined && isMeant(found);
    if (isThere) {
      fs.unlinkSync(place);
    }
    return isThere;
  };
  return patiently(remove, { until });
}

/**
 * Gives a file that is going to be replaced a second name, so that it can come back; where that is not possible, a copy
 * has it. Its own name is never without a file.
 *
 * @param {string} target
 * @param {string} aside
 * @param {Found} old what is at the target
 */
export function setAside(target, aside, old) {
  if (isWindows && (old.mode & 0o200) === 0) {
    // What is read-only there can't be replaced, only moved.
    return fs.renameSync(target, aside);
  }
  try {
    fs.linkSync(target, aside);
  } catch {
    try {
      fs.copyFileSync(target, aside, fs.constants.COPYFILE_EXCL);
    } catch (error) {
      fs.rmSync(aside, { force: true });
      throw error;
    }
  }
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
  const rename = () => {
    const old = plainFileAt(aside);
    const found = plainFileAt(target);
    if (old && found && [old.identity, replaced].includes(found.identity)) {
      // It never lost its name. To rename one name of a file into another would leave both.
      fs.unlinkSync(aside);
      return true;
    }
    const isFree = found ? isMeant(found) : !fs.lstatSync(target, { throwIfNoEntry: false });
    if (old && isFree) {
      moveBack(aside, target);
    }
    return old !== undefined && isFree;
  };
  return patiently(rename, { until });
}

/**
 * In a container job the work folder and the temporary folder are mounts of one device, and nothing can be renamed from
 * one to the other.
 *
 * @param {string} aside
 * @param {string} target
 */
function moveBack(aside, target) {
  try {
    fs.renameSync(aside, target);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EXDEV') {
      throw error;
    }
    const near = path.join(path.dirname(target), path.basename(aside));
    fs.copyFileSync(aside, near, fs.constants.COPYFILE_EXCL);
    try {
      fs.renameSync(near, target);
    } finally {
      fs.rmSync(near, { force: true });
    }
    fs.unlinkSync(aside);
  }
}
