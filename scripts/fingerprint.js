/** Hashes that show whether the inputs of something have changed since it was made. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

export const sha256 = (content) => createHash('sha256').update(content).digest('hex');

/** One hash for the contents of several files and some words, in this order. */
export const fingerprint = (paths, ...words) =>
  sha256([...paths.map((path) => sha256(readFileSync(path))), ...words].join('\n'));

/** Whether the stamp that was left behind last time is this one. */
export const isStamped = (stampPath, stamp) =>
  existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp;
