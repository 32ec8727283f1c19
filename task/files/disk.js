/** The disk: identities of files, retries while another program holds one, and work that goes on after a failure. */

import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

export const isWindows = process.platform === 'win32';

/** @import { DiskCode, FailureCode, FileCode } from '../../pkg/core.js' */
/** @typedef {FailureCode | FileCode | DiskCode} Code */

/** An error with a code and a detail, which the core words. @param {Code} code @param {string} [detail] */
export const coded = (code, detail) => Object.assign(new Error(code), { code, detail });

/** @param {Code} code @param {string} [detail] @returns {never} */
export function refuse(code, detail) {
  throw coded(code, detail);
}

/** How long to retry: scanners hold a new file for a few seconds, and the agent gives a cancelled step about ten. */
const PATIENCE_MS = 4_000;
const HELD = ['EBUSY', 'EPERM', 'EACCES'];

/** When to stop retrying, in milliseconds since 1970; several files can share one deadline. */
export const soon = () => Date.now() + PATIENCE_MS;

/**
 * Does something with a file; on Windows, retries for a few seconds while another program holds it.
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
      // By now everything may have been rolled back.
      if (signal?.aborted) {
        throw error;
      }
    }
  }
}

/**
 * Does something whose failure must not keep the rest from being done.
 *
 * @param {string} failure the message for that
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
 * Does something with each of many items, several at a time.
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
 * @returns {number | undefined} a descriptor, if it is that file
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
 * @param {string} place a path that does not end in a link
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

/** A path with its links resolved, spelled as the system spells it. @param {string} place something that exists */
export const realPath = (place) => fs.realpathSync.native(place);

/** @typedef {(found: Found) => boolean} IsMeant */

/**
 * Removes a plain file if it is the one that is meant. Retries as {@link patiently}.
 *
 * @param {string} place
 * @param {IsMeant} isMeant
 * @param {number} [until] the time at which patience ends
 * @returns {Promise<boolean>} whether it was there
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
 * Gives a file that is about to be replaced a second name, so that it can be restored; where hard links are not
 * possible, it is copied. Its own name always leads to a file.
 *
 * @param {string} target
 * @param {string} aside
 * @param {Found} old what is at the target
 */
export function setAside(target, aside, old) {
  if (isWindows && (old.mode & 0o200) === 0) {
    // There a read-only file can't be replaced, only moved.
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
 * Gives a file that was kept aside its name back, atomically if another plain file has it.
 *
 * @param {string} aside
 * @param {string} target
 * @param {string | undefined} replaced the identity of the original, whether it has a second name or was copied
 * @param {IsMeant} isMeant whether the file that now has the name may go
 * @param {number} [until] the time at which patience ends
 * @returns {Promise<boolean>} whether the original has its name
 */
export function putBack(aside, target, replaced, isMeant, until) {
  const rename = () => {
    const old = plainFileAt(aside);
    const found = plainFileAt(target);
    if (old && found && [old.identity, replaced].includes(found.identity)) {
      // It never lost its name. Renaming one name of a file to another name of it would leave both.
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
 * Moves a file back, also between mounts: in a container job, the work folder and the temporary folder are two mounts
 * of one device, and renaming between them fails.
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
