/**
 * One file on its way: empty under a temporary name, then with its content, then in its place.
 *
 * While its descriptor is held, it can be emptied wherever somebody has moved it. The system does not allow that for
 * some hundred files: the others are opened when something is to be done, and known by their identity.
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
  setAside,
  writeAll,
} from './disk.js';
import { checkTarget } from './paths.js';

/** @import { Found } from './disk.js' */
/** @import { Folder } from './paths.js' */

const { O_RDONLY, O_RDWR } = fs.constants;
const FILE_MODE = 0o600;
const read = promisify(fs.read);

/** So many bytes are copied at once, or gathered until they are written. The pieces of a download are a sixteenth. */
const BATCH_BYTES = 256 * 1024;

export class StagedFile {
  /** What was made under the temporary name. @type {string | undefined} */
  identity;
  /** The identity of the file that it replaces, once that is kept aside. @type {string | undefined} */
  replaced;
  /** The mode that is wanted, and in the end the one that it has. */
  mode = FILE_MODE;
  size = 0;
  /** How much of its content is on the disk. @type {'none' | 'part' | 'all'} */
  content = 'none';
  /** Why it cannot be written. Nothing more is done with it then. @type {string | undefined} */
  problem;
  /** While it is held or in use. @type {number | undefined} */
  #descriptor;
  #isHeld;
  #current;

  /**
   * @param {{ line: string, path: string }} wanted its path as the author wrote it
   * @param {{ folder: Folder, name: string, number: number, isHeld: boolean }} place the temporary
   *        name, and the file's number in the note
   */
  constructor({ line, path: written }, { folder, name, number, isHeld }) {
    this.line = line;
    this.path = written;
    this.target = path.resolve(written);
    this.folder = folder;
    this.number = number;
    this.temporary = path.join(folder.path, name);
    /** Where the file is kept that it replaces. */
    this.aside = path.join(folder.asideFolder, `${name}o`);
    this.#current = this.temporary;
    this.#isHeld = isHeld;
  }

  /** Whether the post-job step has to remove it: what is in the temporary folder goes with that. */
  get isNoted() {
    return !this.folder.isTemporary;
  }

  /** Its path without links. */
  get place() {
    return path.join(this.folder.real, path.basename(this.target));
  }

  /** Makes the temporary file, empty, and looks whether others could exchange it. */
  create() {
    return this.#try(() => {
      this.folder.check();
      this.#descriptor = fs.openSync(this.temporary, 'wx+', FILE_MODE);
      const { identity, mode } = this.#identify(this.#descriptor);
      this.identity = identity;
      // Where modes are not kept, those of the folder say nothing either.
      if (!isWindows && (mode & 0o077) === 0) {
        this.folder.checkWriters();
      }
      this.#release();
    });
  }

  /** @param {number} descriptor */
  #identify(descriptor) {
    try {
      return plainFileBehind(descriptor) ?? refuse('NOT_A_FILE');
    } catch (error) {
      // It would be unknown later that it is ours.
      fs.unlinkSync(this.temporary);
      throw error;
    }
  }

  /** Writes the whole content. @param {Uint8Array} bytes */
  async write(bytes) {
    await this.#try(() => fs.writeFileSync(this.#openToWrite(), bytes));
    await this.finish();
  }

  /** Writes a part of the content. @param {Uint8Array[]} pieces */
  append(pieces) {
    return this.#try(() => writeAll(this.#openToWrite(), pieces));
  }

  /** Takes the whole content of another one. @param {StagedFile} other @param {AbortSignal} signal */
  async copy(other, signal) {
    await this.#try(async () => {
      const [from, to, buffer] = [other.#open(), this.#openToWrite(), Buffer.alloc(BATCH_BYTES)];
      try {
        for (let position = 0, length = -1; length !== 0; position += length) {
          ({ bytesRead: length } = await read(from, buffer, 0, buffer.length, position));
          if (signal.aborted) {
            // From then on it may be taken back, and closed, at any time.
            refuse('ABORT_ERR');
          }
          await writeAll(to, [buffer.subarray(0, length)]);
        }
      } finally {
        buffer.fill(0);
        other.#release();
      }
    });
    await this.finish();
  }

  /** Waits, beside the main thread, until what was written is on the disk: some file systems report only then that they are full. */
  finish() {
    return this.#try(async () => {
      await flush(this.#open());
      this.#release();
      this.content = 'all';
    });
  }

  /** Looks whether it is still what was made, and gives it its mode. Returns the file that it replaces, if any. */
  prepare() {
    this.folder.check();
    const found = plainFileAt(this.temporary);
    if (!found || found.identity !== this.identity) {
      refuse('TEMPORARY_EXCHANGED');
    }
    this.size = found.size;
    if (!isWindows && found.mode !== this.mode) {
      this.mode = this.#changeMode(this.mode);
    }
    return checkTarget(this.target);
  }

  /** Keeps the file that it replaces. @param {Found} old @param {AbortSignal} signal */
  async keepAside(old, signal) {
    await patiently(() => setAside(this.target, this.aside, old), { signal });
    this.replaced = old.identity;
  }

  /** Gives it its name. @param {AbortSignal} signal */
  async takePlace(signal) {
    await patiently(() => fs.renameSync(this.temporary, this.target), { signal });
    this.#current = this.target;
    if (plainFileAt(this.target)?.identity !== this.identity) {
      refuse('PLACE_TAKEN');
    }
  }

  /** Removes the file that was kept aside, if one was. @returns {Promise<string[]>} what is left */
  async forgetReplaced() {
    const failure = `${this.line}: \`${this.aside}\`, which holds the file that was replaced, could not be removed`;
    return this.replaced === undefined ? [] : attempt(failure, () => removeFile(this.aside, () => true));
  }

  /** Nothing more is written, whoever is about to, and what is there is taken out. */
  abandon() {
    this.problem ??= 'taken back';
    this.empty();
  }

  /** Takes the content out of it, as far as that is possible, and closes it. */
  empty() {
    try {
      if (this.identity !== undefined && this.content !== 'none') {
        if (!isWindows && this.#descriptor === undefined && (this.mode & 0o200) === 0) {
          // Its author has asked for a mode without the right to write.
          this.#changeMode(FILE_MODE);
        }
        fs.ftruncateSync(this.#openToWrite());
        this.content = 'none';
      }
    } catch {
      // If it can't be removed either, that is reported.
    }
    try {
      this.#close();
    } catch {
      // What could not be written was reported when it was flushed.
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
    const { line, target, aside, identity, replaced } = this;
    const isOurs = (/** @type {{ identity: string }} */ found) => found.identity === identity;
    const left = [];
    if (replaced !== undefined) {
      const failure = `${line}: \`${aside}\` could not get its name \`${target}\` back`;
      const work = async () => {
        this.folder.check();
        return (await putBack(aside, target, replaced, isOurs, until)) || refuse('EEXIST');
      };
      left.push(...(await attempt(failure, work)));
    }
    if (identity !== undefined) {
      const failure = `${line}: \`${this.#current}\` could not be removed, ${this.content === 'none' ? 'but is empty' : 'and may hold a secret'}`;
      const work = () => {
        this.folder.check();
        return removeFile(this.#current, isOurs, until);
      };
      left.push(...(await attempt(failure, work)));
    }
    return left;
  }

  /** Does a part of the writing, unless another one has failed. @param {() => unknown} work */
  async #try(work) {
    try {
      if (this.problem === undefined) await work();
    } catch (error) {
      this.problem = describe(this, error);
      this.empty();
    }
  }

  #open(flags = O_RDWR) {
    this.#descriptor ??= openPlainFile(this.#current, flags, this.identity);
    return this.#descriptor ?? refuse('TEMPORARY_EXCHANGED');
  }

  #openToWrite() {
    const descriptor = this.#open();
    this.content = 'part';
    return descriptor;
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

  /** Changes its mode, and gives the one that it has then. @param {number} mode */
  #changeMode(mode) {
    const wasOpen = this.#descriptor !== undefined;
    const descriptor = this.#open(O_RDONLY);
    try {
      fs.fchmodSync(descriptor, mode);
    } catch {
      // Some file systems refuse it; what counts is the mode that is there.
    }
    const now = plainFileBehind(descriptor)?.mode ?? mode;
    if (!wasOpen) {
      this.#close();
    }
    return now;
  }
}

/** An attachment that arrives: batches of plaintext go to the first of its files, and the others get a copy of that. */
export class Arrival {
  #files;
  #first;
  #signal;
  /** @type {Uint8Array[]} */
  #gathered = [];
  #bytes = 0;
  /** One batch is written while the next one is gathered. @type {Promise<void>} */
  #writing = Promise.resolve();

  /** @param {StagedFile[]} files @param {AbortSignal} signal */
  constructor(files, signal) {
    this.#files = files;
    this.#first = files[0];
    this.#signal = signal;
  }

  /** Whether the disk is to blame; each file knows what is wrong with it. */
  get hasFailed() {
    return this.#files.some(({ problem }) => problem !== undefined);
  }

  /** Takes plaintext. If that is too much, it is to be waited for. @param {Uint8Array[]} pieces */
  add(pieces) {
    this.#gathered.push(...pieces);
    pieces.forEach(({ length }) => (this.#bytes += length));
    return this.#bytes >= BATCH_BYTES ? this.#write() : undefined;
  }

  /** All that has come, if nothing of it has gone to the disk yet: the core masks what is small. */
  content() {
    return this.#first.content === 'none' ? Buffer.concat(this.#gathered) : undefined;
  }

  /** Waits until everything is in all files, or one of them knows why it is not. */
  async finish() {
    await this.#writing;
    await this.#append();
    await this.#first.finish();
    for (const file of this.#files.slice(1)) {
      if (!this.hasFailed) {
        await file.copy(this.#first, this.#signal);
      }
    }
  }

  /** Waits until nothing is under way any more, however it ended, and leaves nothing of what is not whole. */
  async close() {
    await this.#writing;
    wipe(this.#gathered);
    this.#files.filter(({ content }) => content !== 'all').forEach((file) => file.empty());
  }

  async #write() {
    await this.#writing;
    if (this.hasFailed) {
      // That ends the download; the file knows what was wrong.
      refuse('UNWRITTEN');
    }
    void this.#append();
  }

  #append() {
    const batch = this.#gathered;
    this.#gathered = [];
    this.#bytes = 0;
    this.#writing = this.#first.append(batch).finally(() => wipe(batch));
    return this.#writing;
  }
}

/** @param {Uint8Array[]} pieces */
const wipe = (pieces) => pieces.forEach((piece) => piece.fill(0));

/** What to say of a file that cannot be written. @param {{ line: string, path: string }} file @param {unknown} error */
export const describe = ({ line, path }, error) =>
  `${line}: \`${path}\` cannot be written: ${reasonOf(error)}`;

/** Why something cannot be written. What has no code is a defect, and is thrown again. @param {unknown} error */
export function reasonOf(error) {
  const { code, detail = '' } = /** @type {{ code?: string, detail?: string }} */ (error);
  if (code === undefined) {
    throw error;
  }
  return diskReason(code, detail, isWindows);
}
