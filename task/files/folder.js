/** The folder of a file that is to be written: made if it is missing, writable for nobody else, and still the same one later. */

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { modeIfOpen } from '../../pkg/core.js';
import {
  agentsTemporaryFolder,
  foldersOf,
  foreignFolderOf,
  identityOf,
  isWindows,
  plainFileAt,
  realPath,
  refuse,
} from './disk.js';

const FOLDER_MODE = 0o700;

export class Folder {
  #identity;

  /** @param {string} place an absolute path */
  constructor(place) {
    this.path = place;
    /** Without links. */
    this.real = realPath(place);
    this.#identity = identityOf(fs.statSync(place, { bigint: true }));
  }

  /** What distinguishes this file from all others of a run, however its path is written. @param {string} name */
  keyOf(name) {
    const isExact = !isWindows && process.platform !== 'darwin';
    return `${this.#identity}/${isExact ? name : name.normalize().toLowerCase()}`;
  }

  /** Throws an error if the path leads to another folder by now. */
  check() {
    const now = new Folder(this.path);
    if (now.#identity !== this.#identity || now.real !== this.real) {
      refuse('EXCHANGED');
    }
  }

  /** Throws an error if others can exchange files in it. */
  checkWriters() {
    const { mode, gid } = fs.statSync(this.path);
    const { name, uid, groups } = (user ??= describeUser());
    const shown = modeIfOpen(mode, gid, name, uid, groups);
    if (shown !== undefined) {
      refuse('OPEN_FOLDER', shown);
    }
  }
}

/** The agent's user, and the system's list of groups. @type {{ name: string, uid: number, groups: string } | undefined} */
let user;

function describeUser() {
  try {
    const { username, uid } = os.userInfo();
    return { name: username, uid, groups: fs.readFileSync('/etc/group', 'utf8') };
  } catch {
    return { name: '', uid: -1, groups: '' };
  }
}

/**
 * Makes a folder with those above it.
 *
 * @param {string} folder an absolute path
 * @param {(made: string) => void} note is called for each one that was made
 */
export function makeFolders(folder, note) {
  const missing = [];
  let above = folder;
  while (!fs.existsSync(above)) {
    if (above === path.dirname(above)) {
      refuse('NO_DRIVE', above);
    }
    missing.push(above);
    above = path.dirname(above);
  }
  if (!fs.statSync(above).isDirectory()) {
    refuse('ENOTDIR');
  }
  for (const one of missing.reverse()) {
    fs.mkdirSync(one, { mode: FOLDER_MODE });
    note(one);
  }
}

/**
 * A checked-out repository or an artifact can bring links; a file that is meant to be inside must not go elsewhere
 * through one.
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

/**
 * The plain file at a target, if there is one. Throws an error if something else is there.
 *
 * @param {string} target an absolute path
 */
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

/** A name that is not UTF-8 reaches Node changed, so that a relative path would lead into another folder. */
export function checkWorkingDirectory() {
  const here = fs.statSync('.', { bigint: true });
  const named = fs.statSync(process.cwd(), { throwIfNoEntry: false, bigint: true });
  if (!named || identityOf(named) !== identityOf(here)) {
    refuse('NOT_UTF_8');
  }
}

/**
 * Looks whether a path's drive or share is there. An unreachable share takes long to say so, and is given up when the
 * step is cancelled.
 *
 * @param {string} target an absolute path
 * @param {AbortSignal} signal
 */
export async function checkDrive(target, signal) {
  const { root } = path.parse(target);
  if (!isWindows) {
    return;
  }
  const look = fs.promises.stat(root).catch(() => {
    refuse('NO_DRIVE', root);
  });
  /** @type {Promise<void>} */
  const end = new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await Promise.race([look, end]);
}
