// Differences of Windows, for tests that run on every system.

import { lstatSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const isWindows = process.platform === 'win32';

/** Whether Windows is Wine. */
export const isWine = isWindows && process.env.WINELOADER !== undefined;

/** Why tests that send signals can't run here, if so: on Windows a signal from another process kills a task at once. */
export const withoutSignals = isWindows && 'Windows knows no signals between processes';

/**
 * Why tests with symbolic links can't run here, if so: on Windows creating them takes a privilege, and Wine has none.
 */
export const withoutLinks = !canLink() && 'no symbolic links can be made here';

/** Why tests with read-only folders can't run here, if so. */
export const withoutReadOnlyFolders =
  (isWindows && 'Windows lets everybody write to a folder that is read-only') ||
  (process.getuid?.() === 0 && 'root may write everywhere');

/** A mode as Node shows it: on Windows only whether a file is writable. @param {number} mode */
export function shownMode(mode) {
  if (!isWindows) return mode;
  return mode & 0o200 ? 0o666 : 0o444;
}

/**
 * Entries such as `600 a/b: text` with the mode and the separators of this system.
 *
 * @param {string[]} entries
 */
export function asListed(entries) {
  if (!isWindows) return entries;
  return entries.map((entry) => {
    const [, mode, path, rest] = entry.match(/^(?:([0-7]{3}) )?([^:]*)(.*)$/s) ?? [];
    const shown = mode ? `${shownMode(Number.parseInt(mode, 8)).toString(8)} ` : '';
    return `${shown}${path.replaceAll('/', '\\')}${rest}`;
  });
}

function canLink() {
  if (!isWindows) return true;
  const folder = mkdtempSync(join(tmpdir(), 'links-'));
  try {
    const link = join(folder, 'link');
    symlinkSync('target', link);
    return lstatSync(link).isSymbolicLink();
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
