/**
 * Secrets as files: written under temporary names beside their targets, and renamed once all are complete. Nobody but
 * the agent's user can read them.
 *
 *   place ─▶ write ─▶ commit ─▶ keep        at any time: roll back
 */

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { publicationWarnings } from '../../pkg/core.js';
import { Folder, checkDrive, checkLinks, checkTarget, checkWorkingDirectory, makeFolders } from './folder.js';
import { Note } from './note.js';
import { findExposed, protect } from './programs.js';
import { Arrival, StagedFile, describe, reasonOf } from './staged-file.js';
import { attempt, isWindows, refuse, sideBySide, soon } from './work.js';

/** @import { PlannedFile, TargetFile } from '../../pkg/core.js' */
/** @import { Announce } from './note.js' */

/**
 * @typedef {object} Surroundings
 * @property {AbortSignal} signal
 * @property {(text: string) => void} warn
 * @property {(text: string) => void} print
 * @property {Announce} announce
 * @property {boolean} isKept whether files stay when the job ends
 */

/** The most files of a run that stay open. A limit of 256 descriptors is common, and connections need some. */
const HELD = 32;
/** How many files are written at a time; each of them waits for the disk. */
const WRITTEN_AT_ONCE = 8;

/** The files of one run. */
export class Files {
  #surroundings;
  /** @type {StagedFile[]} */
  #staged = [];
  /** The files that the plan names, in its order. @type {StagedFile[]} */
  #planned = [];
  /** The line that owns a file, by the file's key, and later its identity. @type {Map<string, string>} */
  #lines = new Map();
  /** By path. @type {Map<string, Folder>} */
  #folders = new Map();
  /** @type {string[]} */
  #createdFolders = [];
  /** The file of each download, or why there is none. @type {Map<number, StagedFile | string>} */
  #downloads = new Map();
  #note;
  /** Temporary names of this run begin with this. */
  #prefix = `.ksm-${randomBytes(4).toString('hex')}`;

  /** @param {Surroundings} surroundings */
  constructor(surroundings) {
    this.#surroundings = surroundings;
    this.#note = new Note(surroundings.announce);
    // With a stricter one, such as 0177, nobody could enter the folders that the task makes.
    process.umask(0o077);
  }

  /**
   * Creates the files of downloads before the first one begins. {@link stage} reports what is wrong with them.
   *
   * @param {TargetFile[]} targets
   */
  async expect(targets) {
    const fresh = targets.filter(({ id }) => !this.#downloads.has(id));
    const places = await this.#place(fresh);
    fresh.forEach(({ id }, index) => this.#downloads.set(id, places[index]));
  }

  /**
   * Opens the way to the disk for a download.
   *
   * @param {TargetFile[]} targets
   * @returns {Arrival | undefined} undefined if it has no file
   */
  open(targets) {
    const files = targets
      .map(({ id }) => this.#downloads.get(id))
      .filter((file) => file instanceof StagedFile);
    return files.length > 0 ? new Arrival(files, this.#surroundings.signal) : undefined;
  }

  /**
   * Writes planned files under temporary names. Downloads are there already.
   *
   * @param {PlannedFile[]} planned
   * @returns {Promise<string[]>} problems
   */
  async stage(planned) {
    const places = await this.#place(planned.filter(({ content }) => 'bytes' in content));
    const files = planned.map(({ content }) =>
      'bytes' in content ? places.shift() : this.#downloads.get(content.download),
    );
    const problems = problemsOf(files);
    if (problems.length === 0) {
      // A download without a problem of its own stops when another file has one.
      const missing = planned.filter(
        ({ content }, index) => 'download' in content && !isComplete(files[index]),
      );
      problems.push(...missing.map(({ line }) => `${line}: the attachment did not arrive`));
    }
    if (problems.length > 0) {
      return problems;
    }
    this.#planned = files.filter((file) => file instanceof StagedFile);
    await sideBySide(WRITTEN_AT_ONCE, planned, async ({ mode, content }, index) => {
      const file = this.#planned[index];
      file.mode = mode;
      if ('bytes' in content && !this.#surroundings.signal.aborted) {
        await file.write(content.bytes);
      }
    });
    return problemsOf(files);
  }

  /** Gives the staged files their names. @returns {Promise<string[]>} the problem, if there is one */
  async commit() {
    for (const file of this.#staged) {
      if (this.#surroundings.signal.aborted) {
        return [];
      }
      try {
        await this.#commitOne(file);
      } catch (error) {
        return [describe(file, error)];
      }
    }
    try {
      await this.#note.announce(true);
      return [];
    } catch (error) {
      return [describeUnlisted(error)];
    }
  }

  /** @param {StagedFile} file */
  async #commitOne(file) {
    const { signal, warn } = this.#surroundings;
    const wanted = file.mode;
    const old = file.prepare();
    if (file.mode !== wanted) {
      const [is, should] = [file.mode, wanted].map(inOctal);
      warn(
        `${file.line}: \`${file.target}\` has mode ${is} instead of ${should}; its file system supports no other`,
      );
    }
    if (old) {
      // Only now does a case-insensitive file system show that two names are the same.
      this.#claim(old.identity);
      await file.keepAside(old, signal);
      if (file.isNoted) {
        this.#note.add(file);
      }
    }
    await file.takePlace(signal);
    this.#claim(file.identity ?? '', file.line);
  }

  /** The planned files, in their order. @returns {{ mode: number, size: number }[]} */
  list() {
    return this.#planned;
  }

  /**
   * Ends a successful run: from here on nothing is undone before the job ends.
   *
   * @returns {Promise<string[]>} kept copies of replaced files that could not be removed
   */
  async keep() {
    const { isKept } = this.#surroundings;
    const left = [];
    for (const file of this.#staged.filter(({ isNoted }) => isKept || !isNoted)) {
      left.push(...(await file.forgetReplaced()));
    }
    await this.#note.end(isKept);
    return left;
  }

  /**
   * Removes every file that this run wrote, and the folders it made for them.
   *
   * @returns {Promise<string[]>} what could not be undone
   */
  async rollBack() {
    const until = soon();
    // First, so that no secret stays on disk whatever happens next.
    this.#staged.forEach((file) => file.abandon());
    await this.#note.announce();
    const left = [];
    for (const file of [...this.#staged].reverse()) {
      left.push(...(await file.takeBack(until)));
    }
    for (const folder of [...this.#createdFolders].reverse()) {
      // This fails, as it should, if somebody else uses the folder by now.
      await attempt('', () => fs.rmdirSync(folder));
    }
    await this.#note.end(left.length === 0);
    return left;
  }

  /**
   * Finds out where files go and creates them there, empty. The post-job step is informed before and after.
   *
   * @param {{ line: string, path: string }[]} wanted
   * @returns {Promise<(StagedFile | string)[]>} the file or the problem of each
   */
  async #place(wanted) {
    if (wanted.length === 0) {
      return [];
    }
    /** @type {(StagedFile | string)[]} */
    const places = [];
    for (const one of wanted) {
      try {
        await checkDrive(path.resolve(one.path), this.#surroundings.signal);
        places.push(this.#placeOne(one));
      } catch (error) {
        places.push(describe(one, error));
      }
    }
    const files = places.filter((place) => place instanceof StagedFile);
    await this.#warnOfPublication(files);
    try {
      const noted = files.filter(({ isNoted }) => isNoted);
      noted.forEach((file) => this.#note.add(file));
      await this.#note.announce();
      for (const file of files) {
        await file.create();
      }
      noted.forEach((file) => this.#note.add(file));
      await this.#note.announce();
    } catch (error) {
      return places.map(() => describeUnlisted(error));
    }
    await this.#protect(files.filter(({ identity }) => identity !== undefined));
    return places;
  }

  /** @param {{ line: string, path: string }} wanted */
  #placeOne(wanted) {
    if (!path.isAbsolute(wanted.path)) {
      checkWorkingDirectory();
    }
    const target = path.resolve(wanted.path);
    checkTarget(target);
    const folder = this.#prepare(path.dirname(target));
    this.#claim(folder.keyOf(path.basename(target)), wanted.line);
    const number = this.#staged.length + 1;
    // A unique name, which is short enough wherever the file's own name is.
    const name = `${this.#prefix}${number.toString(16).padStart(4, '0')}`;
    const file = new StagedFile(wanted, { folder, name, number, isHeld: number <= HELD });
    this.#staged.push(file);
    return file;
  }

  /** Makes a folder unless it exists, and examines it once for all its files. @param {string} place */
  #prepare(place) {
    let folder = this.#folders.get(place);
    if (!folder) {
      checkLinks(place);
      makeFolders(place, (made) => this.#createdFolders.push(made));
      folder = new Folder(place);
      this.#folders.set(place, folder);
    }
    return folder;
  }

  /** @param {StagedFile[]} files */
  async #warnOfPublication(files) {
    const found = await findExposed(
      files.map(({ place }) => place),
      this.#surroundings,
    );
    const exposures = files.map(({ place }) => found.get(place) ?? 'UNKNOWN');
    const [lines, targets] = [files.map(({ line }) => line), files.map(({ target }) => target)];
    publicationWarnings(lines, targets, exposures).forEach(this.#surroundings.warn);
  }

  /**
   * Makes sure that a file belongs to one line only.
   *
   * @param {string} file its key or its identity
   * @param {string} [line] the line that claims it
   */
  #claim(file, line) {
    const other = this.#lines.get(file);
    if (other) {
      refuse('TWO_LINES', other);
    }
    if (line) {
      this.#lines.set(file, line);
    }
  }

  /**
   * Restricts access on Windows, where who can read a folder can read new files in it. One call for each folder.
   *
   * @param {StagedFile[]} files
   */
  async #protect(files) {
    const folders = new Set(files.map(({ folder }) => folder));
    for (const folder of isWindows ? folders : []) {
      const failure = await protect(path.join(folder.path, `${this.#prefix}*`));
      if (failure) {
        const line = files.find((file) => file.folder === folder)?.line;
        this.#surroundings.warn(
          `${line}: others may be able to read the file, as its access list could not be set (${failure})`,
        );
      }
    }
  }
}

/** @param {StagedFile | string | undefined} file */
const isComplete = (file) => file instanceof StagedFile && file.content === 'all';

/** @param {(StagedFile | string | undefined)[]} files */
function problemsOf(files) {
  const problems = files.map((file) => (typeof file === 'string' ? file : file?.problem));
  return [...new Set(problems.filter((problem) => problem !== undefined))];
}

/** @param {unknown} error */
const describeUnlisted = (error) =>
  `the list of files for the post-job step cannot be written: ${reasonOf(error)}`;

/** @param {number} mode */
const inOctal = (mode) => mode.toString(8).padStart(4, '0');
