/**
 * Secrets as files: first under temporary names beside their targets, then, when everything is there, renamed. Nobody
 * but the agent's user can read them.
 *
 *   place ─▶ create ─▶ write ─▶ commit ─▶ keep        at any time: roll back
 */

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Refused, attempt, describe, flush, isWindows, patiently, reasonOf, soon, writeAll } from './disk.js';
import { Folder, checkLinks, checkTarget, checkWorkingDirectory, makeFolders } from './folder.js';
import { Note } from './note.js';
import { whyPublished } from './publication.js';
import {
  foreignFolderOf,
  isInside,
  plainFileAt,
  plainFileBehind,
  putBack,
  realPath,
  removeFile,
} from './same-file.js';
import { checkDrive, protect } from './windows.js';

/** @typedef {import('../../pkg/core.js').PlannedFile} PlannedFile */
/** @typedef {import('../../pkg/core.js').Target} Target */

/**
 * @typedef {object} Staged
 * @property {string} line
 * @property {string} path as the author wrote it
 * @property {string} target the same path, absolute
 * @property {Folder} folder
 * @property {string} temporary
 * @property {string} aside where the file is kept that it replaces
 * @property {string} [replaced] the identity of that file, once it is kept
 * @property {number} number in the note
 * @property {boolean} isNoted
 * @property {number} mode
 * @property {number} [descriptor] open from its creation until it is kept or taken back
 * @property {string} [identity]
 * @property {boolean} isCommitted
 * @property {boolean} [isEmpty] whether its content was taken out again
 */

/**
 * @typedef {object} Surroundings
 * @property {AbortSignal} signal
 * @property {(text: string) => void} warn
 * @property {(text: string) => void} print
 * @property {(note: { address: string, extent: string }) => Promise<void>} announce has the agent hand to the post-job
 *           step where the note is, and how much is in it
 * @property {string} [temporaryFolder] emptied by the agent
 * @property {string} [stagingFolder] where the pipeline gathers its artifacts
 * @property {boolean} isKept whether files stay when the job ends
 */

const FILE_MODE = 0o600;

/** The files of one run. */
export class Files {
  #surroundings;
  /** @type {Staged[]} */
  #staged = [];
  /** The lines of files, by the file: first by where it is, then by what it is. @type {Map<string, string>} */
  #lines = new Map();
  /** @type {Map<string, { folder: Folder, isNoted: boolean, asideFolder: string }>} */
  #folders = new Map();
  /** @type {string[]} */
  #createdFolders = [];
  /** What became of each download: its file, or the problem. @type {Map<number, Staged | string>} */
  #downloads = new Map();
  /** @type {Note | undefined} */
  #note;
  /** Names of this run begin so. */
  #prefix = `.ksm-${randomBytes(4).toString('hex')}`;
  #names = 0;

  /** @param {Surroundings} surroundings */
  constructor(surroundings) {
    this.#surroundings = surroundings;
  }

  /**
   * Finds places for downloads, before the first one begins. A problem is told by {@link stage}.
   *
   * @param {Target[]} targets
   */
  async expect(targets) {
    const fresh = targets.filter(({ id }) => !this.#downloads.has(id));
    const places = await this.#place(fresh);
    fresh.forEach(({ id }, index) => this.#downloads.set(id, places[index]));
  }

  /**
   * Opens the temporary file of a download.
   *
   * @param {Target} target
   */
  async open({ id }) {
    const staged = this.#downloads.get(id);
    if (staged === undefined || typeof staged === 'string') {
      return undefined;
    }
    try {
      this.#create(staged);
      await this.#protect([staged]);
    } catch (error) {
      this.#downloads.set(id, describe(staged, error));
      return undefined;
    }
    return this.#sink(id, staged, /** @type {number} */ (staged.descriptor));
  }

  /**
   * @param {number} id
   * @param {Staged} staged
   * @param {number} descriptor
   */
  #sink(id, staged, descriptor) {
    const watched = async (/** @type {Promise<void>} */ work) => {
      try {
        await work;
      } catch (error) {
        this.#downloads.set(id, describe(staged, error));
        throw error;
      }
    };
    return {
      /** Whether the disk is to blame, which {@link stage} will tell. */
      hasFailed: () => typeof this.#downloads.get(id) === 'string',
      /** @param {Uint8Array[]} pieces */
      write: (pieces) => watched(writeAll(descriptor, pieces)),
      /** @param {boolean} isWhole */
      close: async (isWhole) => {
        // Beside the main thread, so that other downloads go on.
        const isThere =
          isWhole &&
          (await watched(flush(descriptor)).then(
            () => true,
            () => false,
          ));
        if (!isThere) {
          await this.#takeBack(staged);
        }
      },
    };
  }

  /**
   * Writes planned files under temporary names. Downloads are there already.
   *
   * @param {PlannedFile[]} files
   * @returns {Promise<string[]>} problems
   */
  async stage(files) {
    const written = files.flatMap(({ content, ...file }) =>
      'bytes' in content ? [{ ...file, bytes: content.bytes }] : [],
    );
    const places = await this.#place(written);
    const downloads = files.map((file) => this.#finishDownload(file));
    const problems = new Set([...places.filter(isText), ...downloads.filter(isText)]);
    if (problems.size > 0 || this.#surroundings.signal.aborted) {
      return [...problems];
    }
    const staged = /** @type {Staged[]} */ (places);
    const failures = staged.flatMap((one) => tryTo(one, () => this.#create(one)));
    if (failures.length > 0) {
      return failures;
    }
    await this.#protect(staged);
    const unwritten = staged.flatMap((one, index) => {
      const { mode, bytes } = written[index];
      one.mode = mode;
      return tryTo(one, () => fs.writeFileSync(/** @type {number} */ (one.descriptor), bytes));
    });
    // Some disks say only then that they are full. A few at once, as each waits for the disk.
    const flushes = staged.map((one) =>
      flush(/** @type {number} */ (one.descriptor)).then(
        () => [],
        (error) => [describe(one, error)],
      ),
    );
    const unflushed = (await Promise.all(flushes)).flat();
    return unwritten.length > 0 ? unwritten : unflushed;
  }

  /** @param {PlannedFile} file */
  #finishDownload({ line, mode, content }) {
    if ('bytes' in content) {
      return undefined;
    }
    const staged = this.#downloads.get(content.download);
    if (staged === undefined || typeof staged === 'string' || staged.descriptor === undefined) {
      return typeof staged === 'string' ? staged : `${line}: the attachment did not come`;
    }
    staged.mode = mode;
    return undefined;
  }

  /**
   * Gives the staged files their names.
   *
   * @returns {Promise<string[]>} the problem, if there is one
   */
  async commit() {
    for (const staged of this.#staged) {
      if (this.#surroundings.signal.aborted) {
        return [];
      }
      try {
        await this.#commit(staged);
      } catch (error) {
        return [describe(staged, error)];
      }
    }
    this.#note?.add({ state: 'done' });
    await this.#announce();
    return [];
  }

  /** @param {Staged} staged */
  async #commit(staged) {
    const { line, folder, temporary, target, identity, number } = staged;
    const { signal } = this.#surroundings;
    folder.check();
    if (plainFileAt(temporary)?.identity !== identity) {
      throw new Refused('its temporary file was exchanged while the task ran');
    }
    this.#setMode(staged);
    const old = checkTarget(target);
    if (old) {
      // A file system that does not mind case shows only now that two names are one.
      this.#claim(old.identity);
      await patiently(() => keepAside(staged, old), { signal });
      staged.replaced = old.identity;
    }
    if (staged.isNoted) {
      this.#note?.add({ number, identity, replaced: staged.replaced });
    }
    await patiently(() => fs.renameSync(temporary, target), { signal });
    staged.isCommitted = true;
    this.#claim(identity ?? '', line);
    if (plainFileAt(target)?.identity !== identity) {
      throw new Refused('another file took its place while the task ran');
    }
  }

  /** What there is to say of each file. */
  list() {
    return this.#staged.map(({ line, mode, descriptor = -1 }) => ({
      line,
      mode,
      size: plainFileBehind(descriptor)?.size ?? 0,
    }));
  }

  /**
   * The run has succeeded: from here on nothing is taken back before the job ends.
   *
   * @returns {Promise<string[]>} what is left of files that were replaced
   */
  async keep() {
    const { isKept } = this.#surroundings;
    const left = [];
    for (const staged of this.#staged) {
      closeFile(staged);
      const { line, aside, replaced, isNoted } = staged;
      if (replaced !== undefined && (isKept || !isNoted)) {
        const failure = `${line}: \`${aside}\`, which holds the file that was replaced, could not be removed`;
        left.push(...(await attempt(failure, () => removeFile(aside, () => true))));
      }
    }
    this.#staged = [];
    await this.#endNote(isKept);
    return left;
  }

  /**
   * Removes every file that this run wrote, and the folders it made for them.
   *
   * @returns {Promise<string[]>} what could not be taken back
   */
  async rollBack() {
    this.#note?.add({ state: 'undone' });
    // First, so that nothing is left in clear whatever comes then.
    const until = soon();
    this.#staged.forEach(empty);
    const left = [];
    for (const staged of [...this.#staged].reverse()) {
      left.push(...(await this.#takeBack(staged, until)));
    }
    for (const folder of this.#createdFolders.reverse()) {
      try {
        fs.rmdirSync(folder);
      } catch {
        // Somebody else uses it by now.
      }
    }
    this.#createdFolders = [];
    await this.#endNote(left.length === 0);
    return left;
  }

  /** @param {boolean} isOver whether nothing is left to do for the post-job step */
  async #endNote(isOver) {
    const note = this.#note;
    this.#note = undefined;
    if (isOver && note) {
      await attempt('', () => note.remove());
      await this.#surroundings.announce({ address: note.withdrawal, extent: '' });
    } else if (note) {
      note.close();
      await this.#surroundings.announce(note);
    }
  }

  /**
   * Finds out where files are to be written, and tells the post-job step, before anything is written.
   *
   * @param {{ line: string, path: string }[]} files
   * @returns {Promise<(Staged | string)[]>} for each one its place or the problem
   */
  async #place(files) {
    const { signal, stagingFolder, print, warn } = this.#surroundings;
    const places = [];
    for (const file of files) {
      try {
        await checkDrive(path.resolve(file.path), signal);
        places.push(this.#placeOne(file));
      } catch (error) {
        places.push(describe(file, error));
      }
    }
    const found = places.filter((place) => typeof place !== 'string');
    const reasons = await whyPublished(found.map(placeOf), { stagingFolder, signal, print });
    found.forEach((staged) => {
      const reason = reasons.get(placeOf(staged));
      if (reason) {
        warn(`${staged.line}: \`${staged.target}\` may be published: ${reason}`);
      }
    });
    try {
      await this.#noteDown(found.filter(({ isNoted }) => isNoted));
    } catch (error) {
      const failure = `the list of files for the post-job step cannot be written: ${reasonOf(error)}`;
      return places.map(() => failure);
    }
    return places;
  }

  /**
   * @param {{ line: string, path: string }} file
   * @returns {Staged}
   */
  #placeOne({ line, path: written }) {
    if (!path.isAbsolute(written)) {
      checkWorkingDirectory();
    }
    const target = path.resolve(written);
    checkTarget(target);
    const { folder, isNoted, asideFolder } = this.#prepare(path.dirname(target));
    this.#claim(folder.keyOf(path.basename(target)), line);
    const staged = {
      line,
      path: written,
      target,
      folder,
      temporary: path.join(folder.path, this.#newName()),
      aside: path.join(asideFolder, this.#newName()),
      number: this.#names,
      isNoted,
      mode: FILE_MODE,
      isCommitted: false,
    };
    this.#staged.push(staged);
    return staged;
  }

  /** Makes a folder, if it is not there yet, and finds out once for all its files what it is. @param {string} place */
  #prepare(place) {
    const known = this.#folders.get(place);
    if (known) {
      return known;
    }
    checkLinks(place);
    makeFolders(place, (made) => this.#createdFolders.push(made));
    const folder = new Folder(place);
    const prepared = { folder, isNoted: !this.#isTemporary(folder), asideFolder: this.#asideFolder(folder) };
    this.#folders.set(place, prepared);
    return prepared;
  }

  /**
   * Makes sure that a file is that of one line only.
   *
   * @param {string} file where it is, or what it is
   * @param {string} [line] that wants it
   */
  #claim(file, line) {
    const other = this.#lines.get(file);
    if (other) {
      throw new Refused(`it is the file of ${other} as well`);
    }
    if (line) {
      this.#lines.set(file, line);
    }
  }

  /** A name that nobody else has, short enough wherever the file's own name fits. */
  #newName() {
    this.#names += 1;
    return `${this.#prefix}${this.#names.toString(16).padStart(4, '0')}`;
  }

  /** Whether the agent itself removes what is in a folder. @param {Folder} folder */
  #isTemporary({ real }) {
    const home = this.#temporaryFolder();
    return home !== undefined && (real === home || isInside(real, home));
  }

  /**
   * Where a file is kept that is replaced, on the same file system. In the agent's work folder, where everything can be
   * had again, that is the temporary folder, or else it could get into artifacts. The agent empties that folder, though,
   * whatever became of the job: what is elsewhere is kept beside its place.
   *
   * @param {Folder} folder
   */
  #asideFolder({ path: beside, real }) {
    const temporary = this.#temporaryFolder();
    const isAgents = temporary && foreignFolderOf(path.join(real, 'file')) !== undefined;
    return isAgents && fs.statSync(temporary).dev === fs.statSync(real).dev ? temporary : beside;
  }

  #temporaryFolder() {
    const { temporaryFolder } = this.#surroundings;
    return temporaryFolder && fs.existsSync(temporaryFolder) ? realPath(temporaryFolder) : undefined;
  }

  /** @param {Staged[]} files */
  async #noteDown(files) {
    if (files.length === 0) {
      return;
    }
    this.#note ??= new Note();
    for (const staged of files) {
      const { line, number, target, temporary, aside } = staged;
      this.#note.add({
        line,
        number,
        target,
        place: placeOf(staged),
        temporary: path.basename(temporary),
        aside,
      });
    }
    await this.#announce();
  }

  async #announce() {
    if (this.#note) {
      await this.#surroundings.announce(this.#note);
    }
  }

  /**
   * Makes a temporary file, empty, and looks whether others could exchange it.
   *
   * @param {Staged} staged
   */
  #create(staged) {
    staged.folder.check();
    staged.isEmpty = false;
    staged.descriptor = fs.openSync(staged.temporary, 'wx', FILE_MODE);
    let found;
    try {
      found = plainFileBehind(staged.descriptor);
    } catch (error) {
      // Without its number nobody could tell later that it is ours.
      fs.unlinkSync(staged.temporary);
      throw error;
    }
    staged.identity = found?.identity;
    // Where modes are not kept, those of the folder say nothing either.
    if (!isWindows && found && (found.mode & 0o077) === 0) {
      staged.folder.checkWriters();
    }
  }

  /**
   * On Windows a file is open to whoever may read its folder. One call for all files of a folder.
   *
   * @param {Staged[]} files
   */
  async #protect(files) {
    if (!isWindows) {
      return;
    }
    const names =
      files.length === 1
        ? [files[0].temporary]
        : new Set(files.map(({ folder }) => path.join(folder.path, `${this.#prefix}*`)));
    for (const name of names) {
      const failure = await protect(name);
      if (failure) {
        const { line } =
          files.find(({ temporary }) => path.dirname(temporary) === path.dirname(name)) ?? files[0];
        this.#surroundings.warn(
          `${line}: others may be able to read the file, as its access list could not be set (${failure})`,
        );
      }
    }
  }

  /**
   * Gives a file its mode if it has another one, and looks what became of it.
   *
   * @param {Staged} staged
   */
  #setMode(staged) {
    const { line, target, descriptor = -1, mode } = staged;
    const modeNow = () => plainFileBehind(descriptor)?.mode ?? mode;
    if (isWindows || modeNow() === mode) {
      return;
    }
    try {
      fs.fchmodSync(descriptor, mode);
    } catch {
      // Some file systems refuse it; what counts is the mode that is there.
    }
    staged.mode = modeNow();
    if (staged.mode !== mode) {
      const [is, wanted] = [staged.mode, mode].map(inOctal);
      this.#surroundings.warn(
        `${line}: \`${target}\` has mode ${is} instead of ${wanted}; its file system keeps no other`,
      );
    }
  }

  /**
   * Removes a file, or puts back the one that it replaced.
   *
   * @param {Staged} staged
   * @param {number} [until] the time at which patience ends
   * @returns {Promise<string[]>} what is left of it
   */
  async #takeBack(staged, until) {
    const { line, target, folder, temporary, aside, isCommitted, identity } = staged;
    empty(staged);
    closeFile(staged);
    /** @param {import('./same-file.js').Found} found */
    const isOurs = (found) => found.identity === identity;
    const left = [];
    if (staged.replaced !== undefined) {
      const failure = `${line}: \`${aside}\` could not get its name \`${target}\` back`;
      const work = async () => {
        folder.check();
        if (!(await putBack(aside, target, staged.replaced, isOurs, until))) {
          throw Object.assign(new Error(target), { code: 'EEXIST' });
        }
        staged.replaced = undefined;
      };
      left.push(...(await attempt(failure, work)));
    }
    if (identity !== undefined) {
      const place = isCommitted ? target : temporary;
      const failure = `${line}: \`${place}\` could not be removed, ${staged.isEmpty ? 'but is empty' : 'and may hold a secret'}`;
      const work = () => {
        folder.check();
        return removeFile(place, isOurs, until);
      };
      left.push(...(await attempt(failure, work)));
    }
    if (left.length === 0) {
      staged.identity = undefined;
    }
    return left;
  }
}

/**
 * Gives a file that is going to be replaced a second name, so that it can come back; where that is not possible, a copy
 * has it. Its own name is never without a file.
 *
 * @param {Staged} staged
 * @param {import('./same-file.js').Found} old
 */
function keepAside({ target, aside }, old) {
  if (isWindows && (old.mode & 0o200) === 0) {
    // What is read-only there can't be replaced, only moved.
    return fs.renameSync(target, aside);
  }
  try {
    fs.linkSync(target, aside);
  } catch {
    try {
      fs.copyFileSync(target, aside, fs.constants.COPYFILE_EXCL);
    } catch (error) {
      fs.rmSync(aside, { force: true });
      throw error;
    }
  }
}

/**
 * @param {Staged} staged
 * @param {() => void} work
 * @returns {string[]} the problem, if there is one
 */
function tryTo(staged, work) {
  try {
    work();
    return [];
  } catch (error) {
    return [describe(staged, error)];
  }
}

/** @param {Staged} staged */
const placeOf = ({ folder, target }) => path.join(folder.real, path.basename(target));

/** @param {unknown} value @returns {value is string} */
const isText = (value) => typeof value === 'string';

/** @param {number} mode */
export const inOctal = (mode) => mode.toString(8).padStart(4, '0');

/**
 * Takes the content out of a file.
 *
 * @param {Staged} staged
 */
function empty(staged) {
  try {
    if (staged.descriptor !== undefined) {
      fs.ftruncateSync(staged.descriptor);
      staged.isEmpty = true;
    }
  } catch {
    // What is said of it, if it can't be removed either, says so.
  }
}

/** @param {Staged} staged */
function closeFile(staged) {
  try {
    if (staged.descriptor !== undefined) {
      fs.closeSync(staged.descriptor);
    }
  } catch {
    // What could not be written was told when it was flushed.
  }
  staged.descriptor = undefined;
}
