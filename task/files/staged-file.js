/**
 * One file in the making: empty under a temporary name, then with its content, then in its place.
 *
 * While its descriptor stays open, the file can be emptied wherever somebody has moved it. The system does not allow
 * that for hundreds of files: the others are opened when needed, and recognized by their identity.
 */

import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { diskReason } from '../../pkg/core.js';
import {
  changeMode,
  emptyFile,
  flush,
  openPlainFile,
  plainFileAt,
  plainFileBehind,
  removeFile,
  setAside,
  takeBack,
  writeAll,
} from './disk.js';
import { checkTarget } from './folder.js';
import { attempt, isWindows, patiently, refuse } from './work.js';

/** @import { Found } from './disk.js' */
/** @import { Folder } from './folder.js' */

const FILE_MODE = 0o600;
const read = promisify(fs.read);

/** Bytes to copy at a time, or to gather before writing. A download's pieces have a sixteenth of that. */
const BATCH_BYTES = 256 * 1024;

export class StagedFile {
  /** Of what was created under the temporary name. @type {string | undefined} */
  identity;
  /** The identity of the file that it replaces, once that one is kept aside. @type {string | undefined} */
  replaced;
  /** The mode that is wanted; after {@link prepare}, the one that it has. */
  mode = FILE_MODE;
  size = 0;
  /** How much of its content is on the disk. @type {'none' | 'part' | 'all'} */
  content = 'none';
  /** Why it cannot be written. Once set, nothing more is written. @type {string | undefined} */
  problem;
  #isMade = false;
  #hasItsName = false;
  /** Set while the file is kept open or in use. @type {number | undefined} */
  #descriptor;
  #isHeld;

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
    this.place = path.join(folder.real, path.basename(this.target));
    this.temporary = path.join(folder.real, name);
    this.aside = path.join(folder.asideFolder, `${name}o`);
    this.#isHeld = isHeld;
  }

  /** Whether the post-job step has to remove it: the agent itself empties its temporary folder. */
  get isNoted() {
    return !this.folder.isTemporary;
  }

  get #current() {
    return this.#hasItsName ? this.place : this.temporary;
  }

  /** Creates the temporary file, empty, and checks that others cannot replace it. */
  create() {
    return this.#try(() => {
      this.folder.check();
      this.#descriptor = fs.openSync(this.temporary, 'wx+', FILE_MODE);
      this.#isMade = true;
      const { identity, mode } = plainFileBehind(this.#descriptor) ?? refuse('NOT_A_FILE');
      this.identity = identity;
      // If the file system keeps no modes, that of the folder means nothing either.
      if (!isWindows && (mode & 0o077) === 0) {
        this.folder.checkWriters();
      }
      this.#release();
    });
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

  /** Copies the whole content of another one. @param {StagedFile} other @param {AbortSignal} signal */
  async copy(other, signal) {
    await this.#try(async () => {
      const [from, to, buffer] = [other.#open(), this.#openToWrite(), Buffer.alloc(BATCH_BYTES)];
      try {
        for (let position = 0, length = -1; length !== 0; position += length) {
          ({ bytesRead: length } = await read(from, buffer, 0, buffer.length, position));
          if (signal.aborted) {
            // From then on it may be rolled back, and closed, at any time.
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

  /** Waits until the content has reached the disk: some file systems report only then that they are full. */
  finish() {
    return this.#try(async () => {
      await flush(this.#open());
      this.#release();
      this.content = 'all';
    });
  }

  /** Checks that it is still the file that was created, and sets its mode. Returns the file to be replaced, if any. */
  prepare() {
    this.folder.check();
    const found = plainFileAt(this.temporary);
    if (!found || found.identity !== this.identity) {
      refuse('TEMPORARY_EXCHANGED');
    }
    this.size = found.size;
    if (!isWindows && found.mode !== this.mode) {
      this.mode = changeMode(this.temporary, this.identity, this.mode);
    }
    return checkTarget(this.place);
  }

  /** Keeps the file that it replaces. @param {Found} old @param {AbortSignal} signal */
  async keepAside(old, signal) {
    await patiently(() => setAside(this, old), { signal });
    this.replaced = old.identity;
  }

  /** Gives it its name. @param {AbortSignal} signal */
  async takePlace(signal) {
    await patiently(() => fs.renameSync(this.temporary, this.place), { signal });
    this.#hasItsName = true;
    if (plainFileAt(this.place)?.identity !== this.identity) {
      refuse('PLACE_TAKEN');
    }
  }

  /** Removes the file that was kept aside, if one was. @returns {Promise<string[]>} what could not be removed */
  async forgetReplaced() {
    const failure = `${this.line}: \`${this.aside}\`, which holds the file that was replaced, could not be removed`;
    return this.replaced === undefined ? [] : attempt(failure, () => removeFile(this.aside));
  }

  /** Makes sure that nothing more is written, and empties the file. */
  abandon() {
    this.problem ??= 'taken back';
    this.empty();
  }

  /** Empties it, as far as that is possible, and closes it. */
  empty() {
    try {
      if (this.identity !== undefined && this.content !== 'none') {
        if (this.#descriptor === undefined) {
          emptyFile(this.#current, this.identity);
        } else {
          fs.ftruncateSync(this.#descriptor);
        }
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
   * Removes it, and puts back the file that it replaced.
   *
   * @param {number} until when to stop retrying
   * @returns {Promise<string[]>} what is left
   */
  async takeBack(until) {
    this.empty();
    const { line, target, temporary, aside, replaced } = this;
    const [current, state] = [
      this.#hasItsName ? target : temporary,
      this.content === 'none' ? 'but is empty' : 'and may hold a secret',
    ];
    const notRemoved = `${line}: \`${current}\` could not be removed, ${state}`;
    const notReturned = `${line}: \`${aside}\` could not get its name \`${target}\` back`;
    const left = [];
    if (this.#hasItsName || fs.existsSync(aside)) {
      const failure = replaced === undefined ? notRemoved : notReturned;
      left.push(...(await attempt(failure, () => this.#leavePlace(until))));
    }
    if (this.#isMade && !this.#hasItsName) {
      const work = () => {
        this.folder.check();
        return removeFile(temporary, until);
      };
      left.push(...(await attempt(notRemoved, work)));
    } else if (left.length > 0 && replaced !== undefined && this.content !== 'none') {
      left.push(notRemoved);
    }
    return left;
  }

  /** @param {number} until when to stop retrying */
  async #leavePlace(until) {
    this.folder.check();
    const end = await takeBack(this, { until });
    if (end === 'occupied' || end === 'lost') {
      refuse(end === 'lost' ? 'ENOENT' : 'EEXIST');
    }
  }

  /** Does one step of the writing, unless an earlier one has failed. @param {() => unknown} work */
  async #try(work) {
    try {
      if (this.problem === undefined) await work();
    } catch (error) {
      this.problem = describe(this, error);
      this.empty();
    }
  }

  #open() {
    this.#descriptor ??= openPlainFile(this.#current, fs.constants.O_RDWR, this.identity);
    return this.#descriptor;
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
}

/** An attachment as it arrives: batches of plaintext go to the first of its files, which is copied to the others. */
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

  /** Whether writing failed; each file knows what is wrong with it. */
  get hasFailed() {
    return this.#files.some(({ problem }) => problem !== undefined);
  }

  /** Takes plaintext. If it returns a promise, wait for that before adding more. @param {Uint8Array[]} pieces */
  add(pieces) {
    this.#gathered.push(...pieces);
    pieces.forEach(({ length }) => (this.#bytes += length));
    return this.#bytes >= BATCH_BYTES ? this.#write() : undefined;
  }

  /** All that has arrived, if none of it has been written yet: the core masks small attachments. */
  content() {
    return this.#first.content === 'none' ? Buffer.concat(this.#gathered) : undefined;
  }

  /** Waits until all files are complete, or one of them has a problem. */
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

  /** Waits until nothing is in progress any more, however it ended, and empties incomplete files. */
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

/** Why a file cannot be written, as a message. @param {{ line: string, path: string }} file @param {unknown} error */
export const describe = ({ line, path }, error) =>
  `${line}: \`${path}\` cannot be written: ${reasonOf(error)}`;

/** Why something cannot be written. An error without a code is a defect, and is rethrown. @param {unknown} error */
export function reasonOf(error) {
  const { code, detail = '' } = /** @type {{ code?: string, detail?: string }} */ (error);
  if (code === undefined) {
    throw error;
  }
  return diskReason(code, detail, isWindows);
}
