// The agent's folders, and the files that a task left in them.

import { lstatSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/**
 * @typedef {object} Folders
 * @property {string} sources
 * @property {string} temp
 * @property {string} work
 *
 * @typedef {object} WrittenFile
 * @property {string} path absolute
 * @property {number} mode permission bits
 * @property {number} size in bytes
 */

/**
 * Uses the given folders, and creates the others in the agent's layout.
 *
 * @param {{ workFolder?: string, tempFolder?: string, sourcesFolder?: string }} given
 * @returns {Promise<{ folders: Folders, cleanUp: () => Promise<void> }>} cleanUp removes only what was made here
 */
export async function prepareFolders({ workFolder, tempFolder, sourcesFolder }) {
  const root = await mkdtemp(join(tmpdir(), 'agent-'));
  const folders = {
    work: workFolder ?? root,
    temp: tempFolder ?? join(root, '_temp'),
    sources: sourcesFolder ?? join(root, '1', 's'),
  };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true });
  return { folders, cleanUp: () => rm(root, { recursive: true, force: true }) };
}

/**
 * Remembers the content of some folders, to tell later what is new or changed.
 *
 * @param {string[]} roots
 * @returns {() => WrittenFile[]}
 */
export function watchFiles(roots) {
  const before = snapshot(roots);
  return () =>
    [...snapshot(roots)]
      .filter(([path, { stamp }]) => before.get(path)?.stamp !== stamp)
      .map(([path, { mode, size }]) => ({ path, mode, size }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** @param {string[]} roots */
function snapshot(roots) {
  return new Map(roots.flatMap((root) => entriesBelow(root)));
}

const NOT_WATCHED = new Set(['.git', 'node_modules']);
// What the task keeps for its post-job step.
const NOTE = /^\.ksm-[0-9a-f]{12}$/;

/**
 * @param {string} folder
 * @returns {[string, { mode: number, size: number, stamp: string }][]}
 */
function entriesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !NOT_WATCHED.has(name) && !(basename(folder) === '_temp' && NOTE.test(name)))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entriesBelow(path);
      const { mode, size, mtimeMs, ino } = lstatSync(path);
      return [[path, { mode: mode & 0o777, size, stamp: `${ino} ${size} ${mtimeMs} ${mode}` }]];
    });
}
