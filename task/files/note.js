/**
 * What the main step tells the post-job step: a file in the agent's temporary folder, as the environment would not hold
 * the names of many files. Each line is authenticated, as later steps may write there, also from inside of a container.
 */

import { createHmac, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readFileAt } from './read.js';

/**
 * A file: first where it is going to be, before anything is there; then, before it gets its name, which one it is.
 *
 * @typedef {object} NotedFile
 * @property {string} target as the author is told
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
const ANNOUNCEMENT = /^(\.ksm-[0-9a-f]{12})\.([0-9a-f]{64})$/;

export class Note {
  #name = `.ksm-${randomBytes(6).toString('hex')}`;
  #key = randomBytes(32).toString('hex');
  #place = path.join(noteFolder(), this.#name);
  #descriptor = fs.openSync(this.#place, 'ax', 0o600);

  /** What the post-job step needs to find the note and to believe it. */
  get announcement() {
    return `${this.#name}.${this.#key}`;
  }

  /** What tells the post-job step that there is nothing to do; long, as the agent hides it in all logs. */
  get withdrawal() {
    return `over.${this.#key}`;
  }

  /** @param {Entry} entry */
  add(entry) {
    const text = JSON.stringify(entry);
    fs.appendFileSync(this.#descriptor, `${sign(this.#key, text)} ${text}\n`);
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
 * @param {string} announcement
 * @returns {{ files: NotedFile[], state?: State, place: string, isForged: boolean } | undefined} nothing if that announces
 *          no note
 */
export function readNote(announcement) {
  const [, name, key] = ANNOUNCEMENT.exec(announcement) ?? [];
  if (!key) {
    return undefined;
  }
  const place = path.join(noteFolder(), name);
  /** @type {Map<number, Entry>} */
  const files = new Map();
  /** @type {State | undefined} */
  let state;
  // The last line is empty, or it is cut.
  const lines = readFileAt(place, MAX_SIZE).toString().split('\n').slice(0, -1);
  const entries = lines.flatMap((line) => entryOf(line, key));
  for (const entry of entries) {
    if ('state' in entry) {
      state = entry.state;
    } else {
      files.set(entry.number, { ...files.get(entry.number), ...entry });
    }
  }
  const whole = [...files.values()].filter(isFile);
  // It is announced when something is in it.
  const isForged = whole.length === 0 || entries.length < lines.length || whole.length < files.size;
  return { files: whole, state, place, isForged };
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
