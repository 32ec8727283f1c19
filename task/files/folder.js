/** The folder of a file that is written: it must be safe, and stay the same. */

import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { modeIfOpen } from '../../pkg/core.js';
import { identityOf, plainFileAt, realPath } from './disk.js';
import { agentsTemporaryFolder, foldersOf, foreignFolderOf, isInside, tryRealPath } from './paths.js';
import { codeOf, isWindows, refuse } from './work.js';

/** A folder to write files to, with checks that nobody else can write there and that it is still the same. */
export class Folder {
  #identity;

  /** @param {string} place the absolute path of a folder that exists */
  constructor(place) {
    this.path = place;
    /** With links resolved. */
    this.real = realPath(place);
    this.#identity = identityOf(fs.statSync(place, { bigint: true }));

    const named = agentsTemporaryFolder();
    const temporary = named && tryRealPath(named);
    /** Whether the agent itself removes its content. */
    this.isTemporary = temporary !== undefined && (this.real === temporary || isInside(this.real, temporary));
    const isKeptElsewhere =
      temporary !== undefined &&
      foreignFolderOf(path.join(this.real, 'file')) !== undefined &&
      fs.statSync(temporary).dev === fs.statSync(place).dev;
    /**
     * Where replaced files are kept, on the same file system. In the agent's work folder, where nothing is
     * irreplaceable, that is the temporary folder, as a file beside the target could get into artifacts. Since the
     * agent always empties that folder, originals from anywhere else are kept beside their place.
     */
    this.asideFolder = isKeptElsewhere ? temporary : this.real;
  }

  /** Distinguishes a file from all others of a run, however its path is written. @param {string} name */
  keyOf(name) {
    const isExact = !isWindows && process.platform !== 'darwin';
    return `${this.#identity}/${isExact ? name : name.normalize().toLowerCase()}`;
  }

  /** Throws an error if the path now leads to another folder. */
  check() {
    const now = identityOf(fs.statSync(this.path, { bigint: true }));
    if (now !== this.#identity || realPath(this.path) !== this.real) {
      refuse('EXCHANGED');
    }
  }

  /** Throws an error if others can replace files in it. */
  checkWriters() {
    const { mode, gid } = fs.statSync(this.path);
    const { name, uid, groups } = (user ??= describeUser());
    const shown = modeIfOpen(mode, gid, name, uid, groups);
    if (shown !== undefined) {
      refuse('OPEN_FOLDER', shown);
    }
  }
}

/** @type {ReturnType<typeof describeUser> | undefined} */
let user;

/** The agent's user, and the system's list of groups. */
function describeUser() {
  try {
    const { username, uid } = os.userInfo();
    return { name: username, uid, groups: fs.readFileSync('/etc/group', 'utf8') };
  } catch {
    return { name: '', uid: -1, groups: '' };
  }
}

/**
 * Makes a folder and its missing ancestors.
 *
 * @param {string} folder an absolute path
 * @param {(made: string) => void} note is called for each folder that was made
 */
export function makeFolders(folder, note) {
  const way = [folder, ...foldersOf(folder)];
  const above = way.find((one) => fs.existsSync(one)) ?? refuse('NO_DRIVE', path.parse(folder).root);
  if (!fs.statSync(above).isDirectory()) {
    refuse('ENOTDIR');
  }
  for (const missing of way.slice(0, way.indexOf(above)).reverse()) {
    try {
      fs.mkdirSync(missing, { mode: 0o700 });
      note(missing);
    } catch (error) {
      // Another agent of the same user may have made it just now.
      if (codeOf(error) !== 'EEXIST' || !fs.lstatSync(missing).isDirectory()) {
        throw error;
      }
    }
  }
}

/**
 * Refuses a link in a folder with foreign content, such as a checked-out repository: a file that is meant to be inside
 * must not end up elsewhere.
 *
 * @param {string} place the absolute path of a folder
 */
export function checkLinks(place) {
  for (const folder of [place, ...foldersOf(place)]) {
    const isLink = fs.lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink();
    const home = isLink && folder !== agentsTemporaryFolder() && foreignFolderOf(folder);
    if (home) {
      const link = path.join(realPath(path.dirname(folder)), path.basename(folder));
      refuse('FOLDER_IS_LINK', path.relative(home, link));
    }
  }
}

/** The plain file at a path, if there is one. Throws an error if something else is there. @param {string} target */
export function checkTarget(target) {
  const found = fs.lstatSync(target, { throwIfNoEntry: false });
  if (found?.isSymbolicLink()) {
    refuse('IS_LINK');
  }
  if (found && !found.isFile()) {
    refuse(found.isDirectory() ? 'IS_FOLDER' : 'NOT_A_FILE');
  }
  return found && plainFileAt(target);
}

/** Refuses a working directory whose name is not UTF-8: Node alters it, so relative paths would lead elsewhere. */
export function checkWorkingDirectory() {
  const here = fs.statSync('.', { bigint: true });
  const named = fs.statSync(process.cwd(), { throwIfNoEntry: false, bigint: true });
  if (!named || identityOf(named) !== identityOf(here)) {
    refuse('NOT_UTF_8');
  }
}

/**
 * Checks that a path's drive or share is there. An unreachable share takes long to fail, so the wait ends when the step
 * is cancelled.
 *
 * @param {string} target an absolute path
 * @param {AbortSignal} signal
 */
export async function checkDrive(target, signal) {
  const { root } = path.parse(target);
  if (!isWindows) {
    return;
  }
  if (!signal.aborted) {
    const look = fs.promises.stat(root).catch(() => refuse('NO_DRIVE', root));
    await Promise.race([look, once(signal, 'abort')]);
  }
  if (signal.aborted) {
    refuse('ABORT_ERR');
  }
}
