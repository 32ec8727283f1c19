/** The disk: what it says in words, patience with those who hold a file, and writing until everything is taken. */

import fs from 'node:fs';

export const isWindows = process.platform === 'win32';

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

/** @type {Record<string, string>} */
const REASONS = {
  EACCES: 'the agent has no right to',
  EPERM: 'the agent has no right to',
  EBUSY: 'another program holds it',
  EDQUOT: "the agent's quota is used up",
  EEXIST: 'something else has its name',
  EFBIG: 'it is larger than a file may be here',
  EINVAL: 'the file system does not take this name',
  EIO: 'the disk does not work as it should',
  ELOOP: 'the links on its way lead in a circle',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the path is too long',
  ENFILE: 'too many files are open',
  ENOENT: 'a folder of the path is gone, or the system does not take the name',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is not a folder',
  EROFS: 'the file system is read-only',
  EXCHANGED: 'its folder was exchanged while the task ran',
  ETXTBSY: 'it is a program that runs',
};

/** A reason in our own words; those of the system could quote anything. */
export class Refused extends Error {}

/**
 * Why something cannot be written.
 *
 * @param {unknown} error
 */
export function reasonOf(error) {
  if (error instanceof Refused) {
    return error.message;
  }
  const { code = 'unknown' } = /** @type {NodeJS.ErrnoException} */ (error);
  const isHeld = isWindows && HELD.includes(code);
  const reason = isHeld ? 'the agent has no right to, or another program holds it' : REASONS[code];
  return `${reason ?? 'the system refused'} (${code})`;
}

/**
 * @param {{ line: string, path: string }} file its path as the author wrote it
 * @param {unknown} error
 */
export const describe = ({ line, path }, error) =>
  `${line}: \`${path}\` cannot be written: ${reasonOf(error)}`;

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

/**
 * @param {number} descriptor
 * @returns {Promise<void>}
 */
export function flush(descriptor) {
  return new Promise((resolve, reject) => {
    fs.fsync(descriptor, (error) => (error ? reject(error) : resolve()));
  });
}

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
 * What is left of pieces behind their first bytes.
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
