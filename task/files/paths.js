/** Paths and folders on an agent: where they lead, which folders are safe to write to, and what an input may read. */

import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { modeIfOpen } from '../../pkg/core.js';
import { identityOf, plainFileAt, readFileAt, realPath } from './disk.js';
import { coded, isWindows, refuse } from './work.js';

/** Whether a path is below a folder. @param {string} place @param {string} folder */
export function isInside(place, folder) {
  const way = path.relative(folder, place);
  return way !== '' && way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}

/** The ancestors of an absolute path, innermost first. @param {string} place @returns {string[]} */
export function foldersOf(place) {
  const folder = path.dirname(place);
  return folder === place ? [] : [folder, ...foldersOf(folder)];
}

/** Whether a path is fully qualified. On Windows `\folder` depends on the current drive. @param {string} place */
export const isWholePath = (place) =>
  path.isAbsolute(place) && (!isWindows || path.parse(place).root.length > 1);

/**
 * Where something is, or is going to be, with links resolved.
 *
 * @param {string} place an absolute path; its last parts need not exist yet
 */
export function placeOf(place) {
  const there = [place, ...foldersOf(place)].find((one) => tryRealPath(one) !== undefined);
  return there === undefined ? place : path.join(realPath(there), path.relative(there, place));
}

/** @param {string} place @returns {string | undefined} undefined if it does not exist */
function tryRealPath(place) {
  try {
    return realPath(place);
  } catch {
    return undefined;
  }
}

/**
 * The innermost folder on a path that has foreign content, such as a checked-out repository or a downloaded artifact. A
 * link in there must not lead out of it.
 *
 * @param {string} place an absolute path
 * @returns {string | undefined} its real path
 */
export function foreignFolderOf(place) {
  const { AGENT_BUILDDIRECTORY = '', AGENT_WORKFOLDER = '' } = process.env;
  const folders = [process.cwd(), AGENT_BUILDDIRECTORY, AGENT_WORKFOLDER]
    .filter(path.isAbsolute)
    .map(tryRealPath);
  const way = foldersOf(place).map(tryRealPath);
  return folders.find((home) =>
    way.some((folder) => folder && home && (folder === home || isInside(folder, home))),
  );
}

/** The agent's temporary folder, as the agent spells it. It may be a link, for example to another disk. */
export function agentsTemporaryFolder() {
  const { AGENT_TEMPDIRECTORY = '' } = process.env;
  return path.isAbsolute(AGENT_TEMPDIRECTORY) ? path.resolve(AGENT_TEMPDIRECTORY) : undefined;
}

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
    /**
     * Where replaced files are kept, on the same file system. In the agent's work folder, where nothing is
     * irreplaceable, that is the temporary folder, as a file beside the target could get into artifacts. Since the
     * agent always empties that folder, originals from anywhere else are kept beside their place.
     */
    this.asideFolder = place;
    const isAgents = temporary && foreignFolderOf(path.join(this.real, 'file')) !== undefined;
    if (isAgents && fs.statSync(temporary).dev === fs.statSync(place).dev) {
      this.asideFolder = temporary;
    }
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
    fs.mkdirSync(missing, { mode: 0o700 });
    note(missing);
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

/** Folders of pseudo files, which can be endless, or hold the task's own environment. */
const SYSTEM_FOLDERS = isWindows ? [] : ['/proc', '/dev', '/sys'];
/** Windows' names for devices and pipes. */
const DEVICE = /^[\\/]{2}[.?][\\/]/;

/**
 * Reads a plain file that an input names.
 *
 * A relative path must stay in the working directory. A path in a folder with foreign content must not lead out of it,
 * nor into `.git`, and no path may lead to the system's pseudo files. Otherwise, an absolute path is the author's
 * choice.
 *
 * @param {string} written a path, absolute or from the working directory
 * @param {number} limit the largest size in bytes
 * @returns {Buffer}
 * @throws {Error & { code: string }} the system's code, or EISDIR, NOT_A_FILE, OUTSIDE, TOO_LARGE
 */
export function readPlainFile(written, limit) {
  const named = path.resolve(DEVICE.test(written) ? refuse('NOT_A_FILE') : written);
  if (!path.isAbsolute(written) && !isInside(named, process.cwd())) {
    refuse('OUTSIDE');
  }
  const place = realPathOf(named);
  checkPlace(named, place);
  const bytes = readFileAt(place, limit);
  if (realPath(named) !== place) {
    refuse('NOT_A_FILE');
  }
  return bytes;
}

/** The real path of a file. Windows reports ENOENT for a path below a file; this, ENOTDIR. @param {string} named */
function realPathOf(named) {
  try {
    return realPath(named);
  } catch (error) {
    const isBelowFile = foldersOf(named).some((folder) => plainFileAt(folder));
    throw isBelowFile ? coded('ENOTDIR') : error;
  }
}

/** @param {string} named @param {string} place the same path with links resolved */
function checkPlace(named, place) {
  if (SYSTEM_FOLDERS.some((folder) => isInside(place, folder))) {
    refuse('NOT_A_FILE');
  }
  const temporary = agentsTemporaryFolder();
  const home = temporary && isInside(named, temporary) ? realPath(temporary) : foreignFolderOf(named);
  const parts = home === undefined ? [] : path.relative(home, place).split(path.sep);
  if (home !== undefined && (!isInside(place, home) || parts.includes('.git'))) {
    refuse('OUTSIDE');
  }
}
