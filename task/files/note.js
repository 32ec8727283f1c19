/**
 * The main step's note to the post-job step: a file in the agent's temporary folder, as the environment could not hold
 * the names of many files. Later steps can write there, even from inside a container, so each line is authenticated,
 * and task variables hold where the note is and how much is in it.
 */

import { createHmac, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readFileAt } from './paths.js';
import { attempt, refuse } from './work.js';

/** @import { OwnFile } from './disk.js' */

/**
 * A file, noted in three stages: before it exists; with its identity, before it has content; and with the file that it
 * replaces, before it gets its name.
 *
 * @typedef {object} Label
 * @property {number} number distinguishes it from the others
 * @property {string} line of the mapping
 * @property {string} target its path as messages show it
 *
 * @typedef {OwnFile & Label} NotedFile
 * @typedef {(note: { address: string, extent: string }) => Promise<void>} Announce has the agent pass to the post-job
 *          step where the note is and what authenticates it, which is secret, and how much is in it
 */

const MAX_SIZE = 64 * 1024 * 1024;
/** The note's file name, and the key that authenticates its lines. */
const ADDRESS = /^(\.ksm-[0-9a-f]{12})\.([0-9a-f]{64})$/;
/** How many lines it has, about how many files, and whether all of these have their names. */
const EXTENT = /^(\d{1,9}) lines, (\d{1,9}) files(, done)?$/;
const SPACE = 0x20;

/** The note of one run, which is created when the first file is noted. */
export class Note {
  #tell;
  #name = `.ksm-${randomBytes(6).toString('hex')}`;
  #key = randomBytes(32).toString('hex');
  /** @type {number | undefined} */
  #descriptor;
  #size = 0;
  #lines = 0;
  #files = new Set();

  /** @param {Announce} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /** Notes what is known of a file by now. @param {NotedFile} file */
  add({ number, line, target, place, temporary, aside, identity, replaced }) {
    this.#descriptor ??= fs.openSync(placeOf(this.#name), 'ax', 0o600);
    const text = JSON.stringify({ number, line, target, place, temporary, aside, identity, replaced });
    const entry = `${sign(this.#key, text)} ${text}\n`;
    this.#size += Buffer.byteLength(entry);
    if (this.#size > MAX_SIZE) {
      refuse('EFBIG');
    }
    fs.appendFileSync(this.#descriptor, entry);
    this.#files.add(number);
    this.#lines += 1;
  }

  /** Tells the post-job step what it has to do from now on. @param {boolean} [isDone] whether all files have their names */
  async announce(isDone = false) {
    if (this.#descriptor !== undefined) {
      const extent = `${this.#lines} lines, ${this.#files.size} files${isDone ? ', done' : ''}`;
      await this.#tell({ address: `${this.#name}.${this.#key}`, extent });
    }
  }

  /** @param {boolean} isOver whether nothing is left for the post-job step to do */
  async end(isOver) {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor === undefined) {
      return;
    }
    if (isOver) {
      // This text is long, as the agent masks it in every log.
      await this.#tell({ address: `over.${this.#key}`, extent: '' });
    }
    await attempt('', () => {
      fs.closeSync(descriptor);
      if (isOver) fs.unlinkSync(placeOf(this.#name));
    });
  }
}

/**
 * What could be read of a note.
 *
 * @typedef {object} ReadNote
 * @property {NotedFile[]} files that it names
 * @property {number} count how many it named when it was complete
 * @property {boolean} isDone whether all of them got their names
 * @property {boolean} isWhole whether nothing was removed or added
 * @property {string} place
 */

/**
 * @param {string} address
 * @param {string} extent
 * @returns {ReadNote | undefined} undefined if that is not the address of a note
 */
export function readNote(address, extent) {
  const [, name, key] = ADDRESS.exec(address) ?? [];
  if (!key) {
    return undefined;
  }
  const [, announcedLines = 1, announcedFiles = 1, done] = EXTENT.exec(extent) ?? [];
  const place = placeOf(name);
  const bytes = readFileAt(place, MAX_SIZE);
  /** @type {Map<number, NotedFile>} */
  const files = new Map();
  /** Signatures, since a repeated line counts once. */
  const known = new Set();
  let lines = 0;
  // The last line is empty or cut off. No text is made of lines that are surely foreign: there may be millions.
  for (let start = 0, end = 0; (end = bytes.indexOf('\n', start)) >= 0; start = end + 1) {
    lines += 1;
    const line = bytes[start + 64] === SPACE ? bytes.toString('utf8', start, end) : '';
    const entry = entryOf(line, key);
    if (entry) {
      known.add(line.slice(0, 64));
      // What is known about a file only grows, whatever order the lines are in by now.
      files.set(entry.number, { ...files.get(entry.number), ...entry });
    }
  }
  const count = Math.max(Number(announcedFiles), files.size);
  const isWhole = known.size === lines && lines >= Number(announcedLines) && files.size === count;
  return { files: [...files.values()], count, isDone: done !== undefined, isWhole, place };
}

/**
 * @param {string} line
 * @param {string} key
 * @returns {NotedFile | undefined} undefined if the line is not from the main step
 */
function entryOf(line, key) {
  const [signature, text] = [line.slice(0, 64), line.slice(65)];
  const isOurs = line[64] === ' ' && sign(key, text) === signature;
  return isOurs ? JSON.parse(text) : undefined;
}

/** @param {string} name */
const placeOf = (name) => path.join(process.env.AGENT_TEMPDIRECTORY || os.tmpdir(), name);

/** @param {string} key @param {string} text */
const sign = (key, text) => createHmac('sha256', key).update(text).digest('hex');
