/**
 * Secrets as files: first under temporary names beside their targets, then, when everything is there, renamed. Nobody
 * but the agent's user can read them.
 *
 *   place ─▶ write ─▶ commit ─▶ keep        at any time: roll back
 */

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Arrival } from './arrival.js';
import { attempt, foreignFolderOf, isInside, isWindows, realPath, refuse, sideBySide, soon } from './disk.js';
import { Folder, checkDrive, checkLinks, checkTarget, checkWorkingDirectory, makeFolders } from './folder.js';
import { Note } from './note.js';
import { protect, whyPublished } from './programs.js';
import { StagedFile, describe, reasonOf } from './staged-file.js';

/** @typedef {import('../../pkg/core.js').PlannedFile} PlannedFile */
/** @typedef {import('../../pkg/core.js').Target} Target */

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

/** So many files of a run are held open. Limits of 256 descriptors are usual, and connections need some. */
const HELD = 32;
/** So many files that may be published are named; the others are counted. */
const MAX_WARNINGS = 50;
/** So many files are written at once, each of which waits for the disk. */
const WRITTEN_AT_ONCE = 8;

/** The files of one run. */
export class Files {
  #surroundings;
  /** @type {StagedFile[]} */
  #staged = [];
  /** Those that the plan names, in its order. @type {StagedFile[]} */
  #planned = [];
  /** The lines of files, by the file: first by where it is, then by what it is. @type {Map<string, string>} */
  #lines = new Map();
  /** @type {Map<string, { folder: Folder, isNoted: boolean, asideFolder: string }>} */
  #folders = new Map();
  /** @type {string[]} */
  #createdFolders = [];
  /** The file of each download, or why it has no place. @type {Map<number, StagedFile | string>} */
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
   * Finds places for downloads, before the first one begins. {@link stage} reports what is wrong with them.
   *
   * @param {Target[]} targets
   */
  async expect(targets) {
    const fresh = targets.filter(({ id }) => !this.#downloads.has(id));
    const places = await this.#place(fresh);
    fresh.forEach(({ id }, index) => this.#downloads.set(id, places[index]));
  }

  /**
   * The way to the disk for a download.
   *
   * @param {Target[]} targets
   * @returns {Arrival | undefined} nothing if it has no place
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
    const files = planned.map(({ line, content }) =>
      'bytes' in content ? places.shift() : this.#downloaded(line, content.download),
    );
    const unready = problemsOf(files);
    if (unready.length > 0) {
      return unready;
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

  /** @param {string} line @param {number} id @returns {StagedFile | string} the file of a download or the problem */
  #downloaded(line, id) {
    const file = this.#downloads.get(id);
    const isKnown = typeof file === 'string' || file?.isWritten || file?.problem !== undefined;
    return file && isKnown ? file : `${line}: the attachment did not come`;
  }

  /** Gives the staged files their names. @returns {Promise<string[]>} the problem, if there is one */
  async commit() {
    const { signal, warn } = this.#surroundings;
    for (const file of this.#staged) {
      if (signal.aborted) {
        return [];
      }
      const { line, number, isNoted } = file;
      try {
        await file.commit({
          signal,
          warn,
          claim: (identity) => this.#claim(identity),
          note: (replaced) => isNoted && this.#note?.add({ number, replaced }),
        });
        this.#claim(file.identity ?? '', line);
      } catch (error) {
        return [describe(file, error)];
      }
    }
    this.#note?.add({ state: 'done' });
    await this.#announce();
    return [];
  }

  /** The planned files, in their order. @returns {{ mode: number, size: number }[]} */
  list() {
    return this.#planned;
  }

  /**
   * The run has succeeded: from here on nothing is taken back before the job ends.
   *
   * @returns {Promise<string[]>} what is left of files that were replaced
   */
  async keep() {
    const { isKept } = this.#surroundings;
    const left = [];
    for (const file of this.#staged.filter(({ isNoted }) => isKept || !isNoted)) {
      left.push(...(await file.forgetReplaced()));
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
    const until = soon();
    await attempt('', () => this.#note?.add({ state: 'undone' }));
    // First, so that nothing is left in clear whatever comes then.
    this.#staged.forEach((file) => file.empty());
    const left = [];
    for (const file of [...this.#staged].reverse()) {
      left.push(...(await file.takeBack(until)));
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
   * Finds out where files are to be written, and makes them there, empty. The post-job step is told before and after.
   *
   * @param {{ line: string, path: string }[]} wanted
   * @returns {Promise<(StagedFile | string)[]>} for each one the file or the problem
   */
  async #place(wanted) {
    const { signal } = this.#surroundings;
    /** @type {(StagedFile | string)[]} */
    const places = [];
    for (const one of wanted) {
      try {
        await checkDrive(path.resolve(one.path), signal);
        places.push(this.#placeOne(one));
      } catch (error) {
        places.push(describe(one, error));
      }
    }
    const files = places.filter((place) => place instanceof StagedFile);
    await this.#warnOfPublication(files);
    try {
      await this.#noteDown(files, ({ line, number, target, place, temporary, aside }) => ({
        line,
        number,
        target,
        place,
        temporary: path.basename(temporary),
        aside,
      }));
      files.forEach((file) => file.create());
      await this.#noteDown(files, ({ number, identity }) => ({ number, identity }));
    } catch (error) {
      const failure = `the list of files for the post-job step cannot be written: ${reasonOf(error)}`;
      return places.map(() => failure);
    }
    await this.#protect(files.filter(({ identity }) => identity !== undefined));
    return places;
  }

  /** @param {{ line: string, path: string }} wanted @returns {StagedFile} */
  #placeOne(wanted) {
    if (!path.isAbsolute(wanted.path)) {
      checkWorkingDirectory();
    }
    const target = path.resolve(wanted.path);
    checkTarget(target);
    const { folder, isNoted, asideFolder } = this.#prepare(path.dirname(target));
    this.#claim(folder.keyOf(path.basename(target)), wanted.line);
    const [temporary, aside] = [folder.path, asideFolder].map((place) => path.join(place, this.#newName()));
    const file = new StagedFile(wanted, {
      folder,
      isNoted,
      temporary,
      aside,
      number: this.#names,
      isHeld: this.#staged.length < HELD,
    });
    this.#staged.push(file);
    return file;
  }

  /** @param {StagedFile[]} files */
  async #warnOfPublication(files) {
    const reasons = await whyPublished(
      files.map(({ place }) => place),
      this.#surroundings,
    );
    const exposed = files.filter(({ place }) => reasons.has(place));
    for (const { line, target, place } of exposed.slice(0, MAX_WARNINGS)) {
      this.#surroundings.warn(`${line}: \`${target}\` may be published: ${reasons.get(place)}`);
    }
    if (exposed.length > MAX_WARNINGS) {
      this.#surroundings.warn(`and ${exposed.length - MAX_WARNINGS} more files may be published`);
    }
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
      refuse('TWO_LINES', other);
    }
    if (line) {
      this.#lines.set(file, line);
    }
  }

  /** A name that no other file has, short enough wherever the file's own name fits. */
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

  /**
   * @param {StagedFile[]} files
   * @param {(file: StagedFile) => import('./note.js').Entry} entryOf
   */
  async #noteDown(files, entryOf) {
    const noted = files.filter(({ isNoted }) => isNoted);
    if (noted.length > 0) {
      const note = (this.#note ??= new Note());
      noted.forEach((file) => note.add(entryOf(file)));
      await this.#announce();
    }
  }

  async #announce() {
    if (this.#note) {
      await this.#surroundings.announce(this.#note);
    }
  }

  /**
   * On Windows, everyone who may read a folder may read a new file in it. One call for all files of a folder.
   *
   * @param {StagedFile[]} files
   */
  async #protect(files) {
    if (!isWindows || files.length === 0) {
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
}

/** @param {(StagedFile | string | undefined)[]} files */
function problemsOf(files) {
  const problems = files.map((file) => (typeof file === 'string' ? file : file?.problem));
  return [...new Set(problems.filter((problem) => problem !== undefined))];
}
