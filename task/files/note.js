/**
 * What the main step notes for the post-job step: a file in the agent's temporary folder, as the environment would not hold
 * the names of many files. Later steps may write there, also from inside of a container, so each line is authenticated,
 * and task variables say where the note is and how much is in it.
 */

import { createHmac, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readFileAt } from './read.js';

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
 * @typedef {'done' | 'undone'} State all files have their names; they are being taken back
 * @typedef {{ number: number } & Partial<NotedFile> | { state: State }} Entry
 */

const MAX_SIZE = 64 * 1024 * 1024;
/** The note's name, and the key of its lines. */
const ADDRESS = /^(\.ksm-[0-9a-f]{12})\.([0-9a-f]{64})$/;
/** How many lines are in it, of how many files, and whether all of these have their names. */
const EXTENT = /^(\d{1,9}) lines, (\d{1,9}) files(, done)?$/;

export class Note {
  #name = `.ksm-${randomBytes(6).toString('hex')}`;
  #key = randomBytes(32).toString('hex');
  #place = path.join(noteFolder(), this.#name);
  #descriptor = fs.openSync(this.#place, 'ax', 0o600);

  #lines = 0;
  #files = new Set();
  #isDone = false;

  /** What the post-job step needs to find the note and to believe it. */
  get address() {
    return `${this.#name}.${this.#key}`;
  }

  /** Shows whether anything of the note is missing. It is not secret: only this step can set it. */
  get extent() {
    return `${this.#lines} lines, ${this.#files.size} files${this.#isDone ? ', done' : ''}`;
  }

  /** Says to the post-job step that there is nothing to do; long, as the agent hides it in all logs. */
  get withdrawal() {
    return `over.${this.#key}`;
  }

  /** @param {Entry} entry */
  add(entry) {
    const text = JSON.stringify(entry);
    fs.appendFileSync(this.#descriptor, `${sign(this.#key, text)} ${text}\n`);
    this.#lines += 1;
    if ('number' in entry) {
      this.#files.add(entry.number);
    } else {
      this.#isDone = entry.state === 'done';
    }
  }

  close() {
    fs.closeSync(this.#descriptor);
  }

  remove() {
    this.close();
    fs.rmSync(this.#place, { force: true });
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
  const place = path.join(noteFolder(), name);
  /** @type {Map<number, Entry>} */
  const files = new Map();
  let isDone = announcedDone !== undefined;
  // The last line is empty, or it is cut. A line counts once, however often it is repeated.
  const lines = readFileAt(place, MAX_SIZE).toString().split('\n').slice(0, -1);
  const entries = [...new Set(lines)].flatMap((line) => entryOf(line, key));
  for (const entry of entries) {
    if ('state' in entry) {
      isDone = entry.state === 'done';
    } else {
      files.set(entry.number, { ...files.get(entry.number), ...entry });
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
 * @returns {Entry[]} nothing if it is not of the main step
 */
function entryOf(line, key) {
  const text = line.slice(line.indexOf(' ') + 1);
  return line === `${sign(key, text)} ${text}` ? [JSON.parse(text)] : [];
}

/** @param {Entry} entry @returns {entry is NotedFile & Entry} */
const isFile = (entry) => 'place' in entry;

const noteFolder = () => process.env.AGENT_TEMPDIRECTORY || os.tmpdir();

/**
 * @param {string} key
 * @param {string} text
 */
const sign = (key, text) => createHmac('sha256', key).update(text).digest('hex');
