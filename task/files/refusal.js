/** Why something cannot be written, in words. */

import { diskReason } from '../../pkg/core.js';
import { isWindows } from './disk.js';

/** A reason in our own words; those of the system could quote anything. */
export class Refused extends Error {}

/** Why something cannot be written. @param {unknown} error */
export const reasonOf = (error) =>
  error instanceof Refused
    ? error.message
    : diskReason(/** @type {NodeJS.ErrnoException} */ (error).code ?? 'unknown', isWindows);

/**
 * @param {{ line: string, path: string }} file its path as the author wrote it
 * @param {unknown} error
 */
export const describe = ({ line, path }, error) =>
  `${line}: \`${path}\` cannot be written: ${reasonOf(error)}`;
