/**
 * What the main step notes for the post-job step: a file in the agent's temporary folder, as the environment would not
 * hold the names of many files. Later steps may write there, also from inside of a container, so each line is
 * authenticated, and task variables say where the note is and how much is in it.
 */

import { createHmac, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { attempt, readFileAt } from './disk.js';

/**
 * A file: first where it is going to be, before anything is there; then, before anything is in it, which one it is; and
 * before it gets its name, which other one it replaces.
 *
 * @typedef {object} NotedFile
 * @property {string} line of the mapping
 * @property {string} target as messages show it
 * @property {string} place its path without links
 * @property {string} temporary a name in the same folder
 * @property {string} aside the path of the file that it replaces, once it is kept
 * @property {string} [identity]
 * @property {string} [replaced] the identity of the file that was kept aside
 *
 * @typedef {{ number: number } & Partial<NotedFile>} FileEntry
 * @typedef {{ isDone: boolean }} StateEntry whether all files have their names, or are being taken back
 * @typedef {(note: { address: string, extent: string }) => Promise<void>} Announce has the agent hand to the post-job
 *          step what it needs to find the note and to believe it, which is secret, and how much is in it
 */

const MAX_SIZE = 64 * 1024 * 1024;
/** The note's name, and the key of its lines. */
const ADDRESS = /^(\.ksm-[0-9a-f]{12})\.([0-9a-f]{64})$/;
/** How many lines are in it, of how many files, and whether all of these have their names. */
const EXTENT = /^(\d{1,9}) lines, (\d{1,9}) files(, done)?$/;

/** The note of one run. There is none until a file is noted. */
export class Note {
  #tell;
  #name = `.ksm-${randomBytes(6).toString('hex')}`;
  #key = randomBytes(32).toString('hex');
  /** @type {number | undefined} */
  #descriptor;
  #lines = 0;
  #files = new Set();
  #isDone = false;

  /** @param {Announce} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /** @param {FileEntry} entry */
  add(entry) {
    this.#descriptor ??= fs.openSync(placeOf(this.#name), 'ax', 0o600);
    this.#files.add(entry.number);
    this.#write(entry);
  }

  /** Notes whether all files have their names, or are being taken back. @param {boolean} isDone */
  conclude(isDone) {
    this.#isDone = isDone;
    this.#write({ isDone });
  }

  /** @param {FileEntry | StateEntry} entry */
  #write(entry) {
    if (this.#descriptor !== undefined) {
      const text = JSON.stringify(entry);
      fs.appendFileSync(this.#descriptor, `${sign(this.#key, text)} ${text}\n`);
      this.#lines += 1;
    }
  }

  /** Says to the post-job step what it has to do from now on. */
  async announce() {
    if (this.#descriptor !== undefined) {
      const extent = `${this.#lines} lines, ${this.#files.size} files${this.#isDone ? ', done' : ''}`;
      await this.#tell({ address: `${this.#name}.${this.#key}`, extent });
    }
  }

  /** @param {boolean} isOver whether nothing is left to do for the post-job step */
  async end(isOver) {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) {
      return;
    }
    // What says that it is over is long, as the agent hides it in all logs.
    await (isOver ? this.#tell({ address: `over.${this.#key}`, extent: '' }) : this.announce());
    this.#descriptor = undefined;
    await attempt('', () => {
      fs.closeSync(descriptor);
      if (isOver) fs.unlinkSync(placeOf(this.#name));
    });
  }
}

/**
 * What is left of a note.
 *
 * @typedef {object} ReadNote
 * @property {NotedFile[]} files that it names
 * @property {number} count how many it named
 * @property {boolean} isDone whether all of them got their names
 * @property {boolean} isWhole whether nothing was taken from it or added
 * @property {string} place
 */

/**
 * @param {string} address
 * @param {string} extent
 * @returns {ReadNote | undefined} nothing if that is not the address of a note
 */
export function readNote(address, extent) {
  const [, name, key] = ADDRESS.exec(address) ?? [];
  if (!key) {
    return undefined;
  }
  const [, announcedLines = 1, announcedFiles = 1, announcedDone] = EXTENT.exec(extent) ?? [];
  const place = placeOf(name);
  // The last line is empty, or it is cut. A line counts once, however often it is repeated.
  const lines = readFileAt(place, MAX_SIZE).toString().split('\n').slice(0, -1);
  const entries = [...new Set(lines)].flatMap((line) => entryOf(line, key));
  /** @type {Map<number, FileEntry>} */
  const files = new Map();
  let isDone = announcedDone !== undefined;
  for (const entry of entries) {
    if ('number' in entry) {
      files.set(entry.number, { ...files.get(entry.number), ...entry });
    } else {
      isDone = entry.isDone;
    }
  }
  const named = [...files.values()].filter(isFile);
  const count = Math.max(Number(announcedFiles), files.size);
  const isWhole =
    entries.length === lines.length && lines.length >= Number(announcedLines) && named.length === count;
  return { files: named, count, isDone, isWhole, place };
}

/**
 * @param {string} line
 * @param {string} key
 * @returns {(FileEntry | StateEntry)[]} nothing if it is not of the main step
 */
function entryOf(line, key) {
  const text = line.slice(line.indexOf(' ') + 1);
  return line === `${sign(key, text)} ${text}` ? [JSON.parse(text)] : [];
}

/** @param {FileEntry} entry @returns {entry is NotedFile & FileEntry} */
const isFile = (entry) => entry.place !== undefined;

/** @param {string} name */
const placeOf = (name) => path.join(process.env.AGENT_TEMPDIRECTORY || os.tmpdir(), name);

/** @param {string} key @param {string} text */
const sign = (key, text) => createHmac('sha256', key).update(text).digest('hex');
