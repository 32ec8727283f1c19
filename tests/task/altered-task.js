// A copy of the unpacked task whose core is made to trap, to show what the task does then.

import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { taskFolder } from './packed-task.js';

/** A copy of the task, which the caller removes. */
export function copyTask() {
  const folder = mkdtempSync(join(tmpdir(), 'altered-task-'));
  cpSync(taskFolder, folder, { recursive: true });
  return folder;
}

/** The core of a task. @param {string} folder */
export const corePath = (folder) => join(folder, 'core_bg.wasm');

/**
 * Makes a function of a core trap as soon as it is called, as after a panic.
 *
 * @param {string} folder
 * @param {string} name under which the function is exported
 */
export function breakFunction(folder, name) {
  const bytes = readFileSync(corePath(folder));
  const { start, end } = bodyOf(bytes, name);
  // No local variables, `unreachable`, `nop` as often as there is room, `end`.
  bytes.fill(NOP, start, end);
  bytes.set([0, UNREACHABLE], start);
  bytes[end - 1] = END;
  writeFileSync(corePath(folder), bytes);
}

const [UNREACHABLE, NOP, END] = [0x00, 0x01, 0x0b];
const IMPORTS = 2;
const EXPORTS = 7;
const CODE = 10;
const FUNCTION = 0;

/**
 * Where the body of an exported function is (WebAssembly core specification, 5.5).
 *
 * @param {Buffer} bytes
 * @param {string} name
 */
function bodyOf(bytes, name) {
  const sections = sectionsOf(bytes);
  const index = exportedIndex(new Reader(bytes, sections[EXPORTS]), name);
  const code = new Reader(bytes, sections[CODE]);
  code.number();
  for (let skipped = index - importedFunctions(new Reader(bytes, sections[IMPORTS])); ; skipped -= 1) {
    const size = code.number();
    if (skipped === 0) return { start: code.place, end: code.place + size };
    code.place += size;
  }
}

/** @param {Buffer} bytes */
function sectionsOf(bytes) {
  /** @type {Record<number, number>} */
  const sections = {};
  const reader = new Reader(bytes, 8);
  while (reader.place < bytes.length) {
    const id = reader.byte();
    const size = reader.number();
    sections[id] = reader.place;
    reader.place += size;
  }
  return sections;
}

/** @param {Reader} reader @param {string} wanted */
function exportedIndex(reader, wanted) {
  for (let left = reader.number(); left > 0; left -= 1) {
    const [name, kind, index] = [reader.name(), reader.byte(), reader.number()];
    if (name === wanted && kind === FUNCTION) return index;
  }
  throw new Error(`the core exports no function ${wanted}`);
}

/** The core imports nothing but functions. @param {Reader} reader */
function importedFunctions(reader) {
  const count = reader.number();
  for (let left = count; left > 0; left -= 1) {
    const [, , kind] = [reader.name(), reader.name(), reader.byte()];
    if (kind !== FUNCTION) throw new Error('the core imports more than functions');
    reader.number();
  }
  return count;
}

class Reader {
  #bytes;

  /**
   * @param {Buffer} bytes
   * @param {number} place
   */
  constructor(bytes, place) {
    this.#bytes = bytes;
    this.place = place;
  }

  byte() {
    return this.#bytes[this.place++];
  }

  /** LEB128, unsigned. */
  number() {
    let number = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      number |= (byte & 0x7f) << shift;
      if (byte < 0x80) return number;
    }
  }

  name() {
    const length = this.number();
    this.place += length;
    return this.#bytes.toString('utf8', this.place - length, this.place);
  }
}
