/**
 * One file on its way: empty under a temporary name, then with its content, then in its place.
 *
 * While its descriptor is held, it can be emptied wherever somebody has moved it. The system does not allow that for some
 * hundred files: the others are opened when something is to be done, and known by their identity.
 */

import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { diskReason } from '../../pkg/core.js';
import {
  attempt,
  flush,
  isWindows,
  openPlainFile,
  patiently,
  plainFileAt,
  plainFileBehind,
  putBack,
  refuse,
  removeFile,
  writeAll,
} from './disk.js';
import { checkTarget } from './folder.js';

const { O_RDONLY, O_WRONLY } = fs.constants;
const FILE_MODE = 0o600;
const read = promisify(fs.read);

/** So many bytes are copied at once. */
const COPIED_BYTES = 256 * 1024;

export class StagedFile {
  /** What was made under the temporary name, until it is taken back. @type {string | undefined} */
  identity;
  /** The identity of the file that it replaces, once that is kept aside. @type {string | undefined} */
  replaced;
  /** The mode that is wanted, and in the end the one that it has. */
  mode = FILE_MODE;
  size = 0;
  /** Whether all of its content is on the disk. */
  isWritten = false;
  /** What was in the way of writing it. @type {string | undefined} */
  problem;
  /** While it is held or written. @type {number | undefined} */
  #descriptor;
  #isHeld;
  #isCommitted = false;
  #isEmpty = true;

  /**
   * @param {{ line: string, path: string }} wanted its path as the author wrote it
   * @param {{ folder: import('./folder.js').Folder, isNoted: boolean, temporary: string, aside: string, number: number, isHeld: boolean }} place
   *        `aside` is where the file is kept that it replaces, `number` its own in the note
   */
  constructor({ line, path: written }, { folder, isNoted, temporary, aside, number, isHeld }) {
    this.line = line;
    this.path = written;
    this.target = path.resolve(written);
    this.folder = folder;
    this.isNoted = isNoted;
    this.temporary = temporary;
    this.aside = aside;
    this.number = number;
    this.#isHeld = isHeld;
  }

  /** Its path without links. */
  get place() {
    return path.join(this.folder.real, path.basename(this.target));
  }

  /** Makes the temporary file, empty, and looks whether others could exchange it. */
  create() {
    void this.#try(() => {
      this.folder.check();
      this.#descriptor = fs.openSync(this.temporary, 'wx', FILE_MODE);
      try {
        const found = plainFileBehind(this.#descriptor);
        this.identity = found?.identity;
        // Where modes are not kept, those of the folder say nothing either.
        if (!isWindows && found && (found.mode & 0o077) === 0) {
          this.folder.checkWriters();
        }
      } catch (error) {
        if (this.identity === undefined) {
          // Without it nobody could tell later that it is ours.
          fs.unlinkSync(this.temporary);
        }
        throw error;
      }
      this.#release();
    });
  }

  /** @param {Uint8Array} bytes */
  async write(bytes) {
    this.open();
    await this.#try(() => fs.writeFileSync(this.#opened, bytes));
    await this.finish();
  }

  /**
   * Takes the content of another one.
   *
   * @param {StagedFile} other
   * @param {AbortSignal} signal
   */
  async copy(other, signal) {
    this.open();
    await this.#try(async () => {
      const [from, buffer] = [other.#reopen(O_RDONLY), Buffer.alloc(COPIED_BYTES)];
      try {
        for (let length = -1; length !== 0 && !signal.aborted;) {
          ({ bytesRead: length } = await read(from, buffer, 0, buffer.length, null));
          await writeAll(this.#opened, [buffer.subarray(0, length)]);
        }
        if (signal.aborted) {
          refuse('ABORT_ERR');
        }
      } finally {
        buffer.fill(0);
        fs.closeSync(from);
      }
    });
    await this.finish();
  }

  /** Opens the temporary file to be written, until it is finished or emptied. */
  open() {
    void this.#try(() => {
      this.#descriptor ??= this.#reopen(O_WRONLY);
      this.#isEmpty = false;
    });
  }

  /** @param {Uint8Array[]} pieces */
  append(pieces) {
    return this.#try(() => writeAll(this.#opened, pieces));
  }

  /** Waits until what was written is on the disk: some say only then that they are full. */
  async finish() {
    // Beside the main thread, so that others go on.
    await this.#try(() => flush(this.#opened));
    await this.#try(() => this.#release());
    if (this.problem === undefined) {
      this.isWritten = true;
    } else {
      this.empty();
    }
  }

  get #opened() {
    return this.#descriptor ?? refuse('TEMPORARY_EXCHANGED');
  }

  #release() {
    if (!this.#isHeld) {
      this.#close();
    }
  }

  #close() {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) {
      fs.closeSync(descriptor);
    }
  }

  /** Does a part of the writing, unless another one has failed. @param {() => void | Promise<void>} work */
  async #try(work) {
    try {
      if (this.problem === undefined) await work();
    } catch (error) {
      this.problem = describe(this, error);
    }
  }

  /**
   * Gives it its mode and its name; the file that has this name is kept aside.
   *
   * @param {object} run
   * @param {AbortSignal} run.signal
   * @param {(text: string) => void} run.warn
   * @param {(identity: string) => void} run.claim makes sure that a file is that of one line only
   * @param {(replaced?: string) => void} run.note is called before it gets its name
   */
  async commit({ signal, warn, claim, note }) {
    this.folder.check();
    const found = plainFileAt(this.temporary);
    if (!found || found.identity !== this.identity) {
      refuse('TEMPORARY_EXCHANGED');
    }
    this.size = found.size;
    this.#setMode(found.mode, warn);
    const old = checkTarget(this.target);
    if (old) {
      // A file system that does not mind case shows only now that two names are one.
      claim(old.identity);
      await patiently(() => this.#keepAside(old), { signal });
      this.replaced = old.identity;
      note(this.replaced);
    }
    await patiently(() => fs.renameSync(this.temporary, this.target), { signal });
    this.#isCommitted = true;
    if (plainFileAt(this.target)?.identity !== this.identity) {
      refuse('PLACE_TAKEN');
    }
  }

  /** Removes the file that was kept aside, if one was. @returns {Promise<string[]>} what is left */
  async forgetReplaced() {
    const failure = `${this.line}: \`${this.aside}\`, which holds the file that was replaced, could not be removed`;
    return this.replaced === undefined ? [] : attempt(failure, () => removeFile(this.aside, () => true));
  }

  /** Takes the content out of it, as far as that is possible; what is said if it can't be removed either says so. */
  empty() {
    this.isWritten = false;
    try {
      if (this.identity !== undefined && !this.#isEmpty) {
        this.#makeWritable();
        this.#descriptor ??= this.#reopen(O_WRONLY);
        fs.ftruncateSync(this.#descriptor);
        this.#isEmpty = true;
      }
    } catch {
      // It still has its content.
    }
    try {
      this.#close();
    } catch {
      // It was told when it was flushed what could not be written.
    }
  }

  /**
   * Removes it, or puts back the file that it replaced.
   *
   * @param {number} until the time at which patience ends
   * @returns {Promise<string[]>} what is left
   */
  async takeBack(until) {
    this.empty();
    /** @param {import('./disk.js').Found} found */
    const isOurs = (found) => found.identity === this.identity;
    const left = [];
    if (this.replaced !== undefined) {
      const failure = `${this.line}: \`${this.aside}\` could not get its name \`${this.target}\` back`;
      const work = async () => {
        this.folder.check();
        if (!(await putBack(this.aside, this.target, this.replaced, isOurs, until))) {
          refuse('EEXIST');
        }
        this.replaced = undefined;
      };
      left.push(...(await attempt(failure, work)));
    }
    if (this.identity !== undefined) {
      const failure = `${this.line}: \`${this.#current}\` could not be removed, ${this.#isEmpty ? 'but is empty' : 'and may hold a secret'}`;
      const work = () => {
        this.folder.check();
        return removeFile(this.#current, isOurs, until);
      };
      left.push(...(await attempt(failure, work)));
    }
    if (left.length === 0) {
      this.identity = undefined;
    }
    return left;
  }

  /** Where it is now. */
  get #current() {
    return this.#isCommitted ? this.target : this.temporary;
  }

  /** @param {number} flags */
  #reopen(flags) {
    return openPlainFile(this.#current, flags, this.identity) ?? refuse('TEMPORARY_EXCHANGED');
  }

  /** Its author may have asked for a mode without the right to write. */
  #makeWritable() {
    if (!isWindows && this.#descriptor === undefined && (this.mode & 0o200) === 0) {
      this.#use((descriptor) => fs.fchmodSync(descriptor, FILE_MODE));
    }
  }

  /**
   * Does something with what was made, and nothing else that may have its name now.
   *
   * @param {(descriptor: number) => void} work
   */
  #use(work) {
    const descriptor = this.#descriptor ?? this.#reopen(O_RDONLY);
    try {
      work(descriptor);
    } finally {
      if (descriptor !== this.#descriptor) {
        fs.closeSync(descriptor);
      }
    }
  }

  /**
   * Gives it its mode if it has another one, and looks what became of it.
   *
   * @param {number} now
   * @param {(text: string) => void} warn
   */
  #setMode(now, warn) {
    const wanted = this.mode;
    if (isWindows || now === wanted) {
      return;
    }
    this.#use((descriptor) => {
      try {
        fs.fchmodSync(descriptor, wanted);
      } catch {
        // Some file systems refuse it; what counts is the mode that is there.
      }
      this.mode = plainFileBehind(descriptor)?.mode ?? wanted;
    });
    if (this.mode !== wanted) {
      const [is, should] = [this.mode, wanted].map(inOctal);
      warn(
        `${this.line}: \`${this.target}\` has mode ${is} instead of ${should}; its file system keeps no other`,
      );
    }
  }

  /**
   * Gives a file that is going to be replaced a second name, so that it can come back; where that is not possible, a
   * copy has it. Its own name is never without a file.
   *
   * @param {import('./disk.js').Found} old
   */
  #keepAside(old) {
    if (isWindows && (old.mode & 0o200) === 0) {
      // What is read-only there can't be replaced, only moved.
      return fs.renameSync(this.target, this.aside);
    }
    try {
      fs.linkSync(this.target, this.aside);
    } catch {
      try {
        fs.copyFileSync(this.target, this.aside, fs.constants.COPYFILE_EXCL);
      } catch (error) {
        fs.rmSync(this.aside, { force: true });
        throw error;
      }
    }
  }
}

/**
 * What to say of a file that cannot be written.
 *
 * @param {{ line: string, path: string }} file its path as the author wrote it
 * @param {unknown} error
 */
export const describe = ({ line, path }, error) =>
  `${line}: \`${path}\` cannot be written: ${reasonOf(error)}`;

/** @param {unknown} error */
export function reasonOf(error) {
  const { code = 'unknown', detail } = /** @type {{ code?: string, detail?: string }} */ (error);
  return diskReason(code, detail ?? '', isWindows);
}

/** @param {number} mode */
export const inOctal = (mode) => mode.toString(8).padStart(4, '0');
