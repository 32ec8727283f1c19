/** The identity of a file: the same one, and not changed since. */

import fs from 'node:fs';

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
