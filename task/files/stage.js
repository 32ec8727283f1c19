/**
 * Secrets as files: first under temporary names beside their targets, then, when everything is there, renamed. Nobody
 * but the agent's user can read them.
 */

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { identify } from './same-file.js';

/** @typedef {import('../../pkg/core.js').PlannedFile} PlannedFile */
/** @typedef {{ line: string, target: string, temporary: string, mode: number, isCommitted: boolean, replaced?: string }} Staged */

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** The files of one run. */
export class Files {
  /** @type {Staged[]} */
  #staged = [];
  /** @type {string[]} */
  #createdFolders = [];
  /** What became of each download: its file, or the problem. @type {Map<number, Staged | string>} */
  #downloads = new Map();

  /**
   * Opens a temporary file for a download, or remembers the problem for {@link stage} to tell.
   *
   * @param {import('../../pkg/core.js').Target} target
   */
  open({ id, path: written, line }) {
    try {
      const staged = this.#create(line, written);
      const handle = fs.openSync(staged.temporary, 'wx', FILE_MODE);
      return {
        /** @param {Uint8Array[]} pieces */
        write: (pieces) => writeAll(handle, pieces),
        /** @param {boolean} isWhole */
        close: async (isWhole) => {
          let isKept = isWhole;
          if (isWhole) {
            try {
              // Beside the main thread, so that other downloads go on.
              await flush(handle);
              this.#downloads.set(id, staged);
            } catch (error) {
              isKept = false;
              this.#downloads.set(id, describe(line, written, error));
            }
          }
          fs.closeSync(handle);
          if (!isKept) {
            this.#takeBack(staged);
          }
        },
      };
    } catch (error) {
      this.#downloads.set(id, describe(line, written, error));
      return undefined;
    }
  }

  /**
   * Writes a planned file under a temporary name. A download lies there already.
   *
   * @param {PlannedFile} file
   * @returns {string[]} the problem, if there is one
   */
  stage({ path: written, line, mode, content }) {
    if ('download' in content) {
      const staged = this.#downloads.get(content.download) ?? `${line}: the attachment did not come`;
      if (typeof staged === 'string') {
        return [staged];
      }
      staged.mode = mode;
      return [];
    }
    try {
      const staged = this.#create(line, written);
      staged.mode = mode;
      fs.writeFileSync(staged.temporary, content.bytes, {
        flag: 'wx',
        mode: FILE_MODE,
        flush: true,
      });
      return [];
    } catch (error) {
      return [describe(line, written, error)];
    }
  }

  /** The staged files as they will be, for somebody who is to recognise them later. */
  list() {
    return this.#staged.map(({ line, target, temporary, mode }) => ({
      line,
      target,
      mode,
      size: fs.statSync(temporary).size,
      written: identify(temporary, target),
    }));
  }

  /**
   * Gives the staged files their names.
   *
   * @returns {string[]} the problem, if there is one
   */
  commit() {
    for (const staged of this.#staged) {
      try {
        checkTarget(staged.target, staged.target);
        fs.chmodSync(staged.temporary, staged.mode);
        staged.replaced = this.#setAside(staged.target);
        fs.renameSync(staged.temporary, staged.target);
        staged.isCommitted = true;
      } catch (error) {
        return [describe(staged.line, staged.target, error)];
      }
    }
    return [];
  }

  /**
   * The run has succeeded: from here on nothing is taken back.
   *
   * @returns {string[]} what is left of files that were replaced
   */
  keep() {
    const staged = this.#staged;
    this.#staged = [];
    this.#createdFolders = [];
    return staged.flatMap(({ line, replaced }) => (replaced === undefined ? [] : remove(line, replaced)));
  }

  /**
   * Removes every file that this run wrote, and the folders it made for them.
   *
   * @returns {string[]} what could not be taken back
   */
  rollBack() {
    const left = this.#staged.flatMap((staged) => this.#takeBack(staged));
    for (const folder of this.#createdFolders.reverse()) {
      try {
        fs.rmdirSync(folder);
      } catch {
        // Somebody else uses it by now.
      }
    }
    this.#createdFolders = [];
    return left;
  }

  /**
   * Makes the folders of a target and chooses its temporary name.
   *
   * @param {string} line
   * @param {string} written
   * @returns {Staged}
   */
  #create(line, written) {
    const target = path.resolve(written);
    checkTarget(target, written);
    const twin = this.#staged.find((other) => isOneFile(other.target, target));
    if (twin) {
      throw new Error(`it is the file of ${twin.line} as well`);
    }
    this.#makeFolders(path.dirname(target));
    const staged = {
      line,
      target,
      temporary: temporaryName(target),
      mode: FILE_MODE,
      isCommitted: false,
    };
    this.#staged.push(staged);
    return staged;
  }

  /** @param {string} folder */
  #makeFolders(folder) {
    if (fs.existsSync(folder)) {
      return;
    }
    this.#makeFolders(path.dirname(folder));
    fs.mkdirSync(folder, { mode: FOLDER_MODE });
    this.#createdFolders.push(folder);
  }

  /**
   * Gives a file that is going to be replaced another name, so that it can come back.
   *
   * @param {string} target
   * @returns {string | undefined}
   */
  #setAside(target) {
    if (!fs.existsSync(target)) {
      return undefined;
    }
    const aside = temporaryName(target);
    fs.renameSync(target, aside);
    return aside;
  }

  /**
   * @param {Staged} staged
   * @returns {string[]} what is left of it
   */
  #takeBack(staged) {
    const { line, target, temporary, isCommitted, replaced } = staged;
    const left = remove(line, isCommitted ? target : temporary);
    if (replaced !== undefined) {
      const back = `${line}: \`${replaced}\` could not get its name back`;
      left.push(...attempt(back, () => fs.renameSync(replaced, target)));
    }
    if (left.length === 0) {
      this.#staged = this.#staged.filter((other) => other !== staged);
    }
    return left;
  }
}

/**
 * @param {string} line
 * @param {string} path
 */
const remove = (line, path) =>
  attempt(`${line}: \`${path}\` could not be removed, and may hold a secret`, () =>
    fs.rmSync(path, { force: true }),
  );

/**
 * Does something that may fail without keeping the rest from being done.
 *
 * @param {string} failure what to say then
 * @param {() => void} work
 * @returns {string[]}
 */
function attempt(failure, work) {
  try {
    work();
    return [];
  } catch (error) {
    return [`${failure} (${/** @type {NodeJS.ErrnoException} */ (error).code ?? 'unknown'})`];
  }
}

/**
 * A name beside a file that nobody else has.
 *
 * @param {string} target
 */
function temporaryName(target) {
  const name = `.${path.basename(target).slice(0, 100)}.${randomBytes(6).toString('hex')}`;
  return path.join(path.dirname(target), name);
}

/**
 * Two lines may name one file in two ways that only the working directory shows to be one.
 *
 * @param {string} one
 * @param {string} other
 */
function isOneFile(one, other) {
  const isExact = process.platform !== 'win32' && process.platform !== 'darwin';
  return isExact ? one === other : one.toLowerCase() === other.toLowerCase();
}

/**
 * Refuses what is there and is not a plain file, and a relative path that leaves the working directory by a link.
 *
 * @param {string} target
 * @param {string} written
 */
function checkTarget(target, written) {
  const found = fs.lstatSync(target, { throwIfNoEntry: false });
  if (found?.isSymbolicLink()) {
    throw new Error('there is a symbolic link');
  }
  if (found && !found.isFile()) {
    throw new Error(found.isDirectory() ? 'there is a folder' : 'there is something that is not a file');
  }
  if (!path.isAbsolute(written)) {
    checkLinks(target);
  }
}

/**
 * A checked-out repository can bring links; a file that is meant to be inside must not go elsewhere through one.
 *
 * @param {string} target
 */
function checkLinks(target) {
  const base = process.cwd();
  for (
    let folder = path.dirname(target);
    folder.startsWith(base) && folder !== base;
    folder = path.dirname(folder)
  ) {
    if (fs.lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) {
      throw new Error(`its folder \`${path.relative(base, folder)}\` is a symbolic link`);
    }
  }
}

/**
 * @param {number} handle
 * @returns {Promise<void>}
 */
function flush(handle) {
  return new Promise((resolve, reject) => {
    fs.fsync(handle, (error) => (error ? reject(error) : resolve()));
  });
}

/**
 * @param {number} handle
 * @param {Uint8Array[]} pieces
 * @returns {Promise<void>}
 */
function writeAll(handle, pieces) {
  return new Promise((resolve, reject) => {
    fs.writev(handle, pieces, (error, written) => {
      const rest = error ? [] : behind(pieces, written);
      if (error) {
        reject(error);
      } else if (rest.length > 0) {
        writeAll(handle, rest).then(resolve, reject);
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

/** @type {Record<string, string>} */
const REASONS = {
  EACCES: 'the agent has no right to',
  EPERM: 'the agent has no right to',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is not a folder',
  ENAMETOOLONG: 'the path is too long',
};

/**
 * @param {string} line
 * @param {string} written
 * @param {unknown} error
 */
const describe = (line, written, error) => `${line}: \`${written}\` ${reasonOf(error)}`;

/** @param {unknown} error */
function reasonOf(error) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  return `cannot be written: ${code === undefined ? message : `${REASONS[code] ?? 'the system refused'} (${code})`}`;
}
