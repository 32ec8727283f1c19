/** Work that can fail: errors with codes, retries while a file is held, and work that must go on after a failure. */

export const isWindows = process.platform === 'win32';

/** @import { DiskCode, FailureCode, FileCode } from '../../pkg/core.js' */
/** @typedef {FailureCode | FileCode | DiskCode} Code */

/** An error with a code and a detail, which the core words. @param {Code} code @param {string} [detail] */
export const coded = (code, detail) => Object.assign(new Error(code), { code, detail });

/** @param {Code} code @param {string} [detail] @returns {never} */
export function refuse(code, detail) {
  throw coded(code, detail);
}

/** The system's code of an error. @param {unknown} error */
export const codeOf = (error) => /** @type {NodeJS.ErrnoException} */ (error).code ?? 'unknown';

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
    return [`${failure} (${codeOf(error)})`];
  }
}

/** How long to retry: scanners hold a new file for a few seconds, and the agent gives a cancelled step about ten. */
const PATIENCE_MS = 4_000;
const HELD = ['EBUSY', 'EPERM', 'EACCES'];

/** When to stop retrying, by a monotonic clock; several files can share one deadline. */
export const soon = () => performance.now() + PATIENCE_MS;

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
      if (!isWindows || !HELD.includes(codeOf(error)) || performance.now() + delayMs > until) {
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
