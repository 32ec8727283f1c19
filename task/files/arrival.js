/** An attachment that arrives: batches of plaintext go to the first of its files, and the others get a copy of that. */

import { refuse } from './disk.js';

/** So many bytes go to the disk at once. They come in pieces of a sixteenth, each of which would cost as much time. */
const BATCH_BYTES = 256 * 1024;

export class Arrival {
  #files;
  #first;
  #signal;
  /** @type {Uint8Array[]} */
  #gathered = [];
  #bytes = 0;
  #hasWritten = false;
  /** One batch is written while the next one is gathered. @type {Promise<void>} */
  #writing = Promise.resolve();

  /**
   * @param {import('./staged-file.js').StagedFile[]} files
   * @param {AbortSignal} signal
   */
  constructor(files, signal) {
    this.#files = files;
    this.#first = files[0];
    this.#signal = signal;
    this.#first.open();
  }

  /** Whether the disk is to blame; each file knows what is wrong with it. */
  get hasFailed() {
    return this.#files.some(({ problem }) => problem !== undefined);
  }

  /**
   * Takes plaintext, and waits if too much is gathered.
   *
   * @param {Uint8Array[]} pieces
   * @returns {Promise<void> | undefined}
   */
  add(pieces) {
    for (const piece of pieces) {
      this.#gathered.push(piece);
      this.#bytes += piece.length;
    }
    return this.#bytes >= BATCH_BYTES ? this.#write() : undefined;
  }

  /** All that has come, if nothing of it has gone to the disk yet: the core masks what is small. */
  content() {
    return this.#hasWritten ? undefined : Buffer.concat(this.#gathered);
  }

  /** Waits until everything is in all files, or one of them knows why it is not. */
  async finish() {
    await this.#write();
    await this.#writing;
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
    this.#files.filter(({ isWritten }) => !isWritten).forEach((file) => file.empty());
  }

  async #write() {
    await this.#writing;
    if (this.hasFailed) {
      // That ends the download; the file knows what was wrong.
      refuse('UNWRITTEN');
    }
    const batch = this.#gathered;
    this.#gathered = [];
    this.#bytes = 0;
    this.#hasWritten = true;
    this.#writing = this.#first.append(batch).finally(() => wipe(batch));
  }
}

/** @param {Uint8Array[]} pieces */
const wipe = (pieces) => pieces.forEach((piece) => piece.fill(0));
