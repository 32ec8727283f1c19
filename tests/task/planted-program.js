// Programs for tests, written byte by byte, so that the repository holds no binaries: one that must not run and leaves a
// trace if it does, and one that holds a file as a virus scanner of Windows does.

import { chmodSync, writeFileSync } from 'node:fs';
import { isWindows } from '../platform.js';

/**
 * Writes a program that makes an empty file when it is started, whatever its arguments are.
 *
 * @param {string} path of the program, on Windows with its ending
 * @param {string} trace the file that it makes
 */
export function plantProgram(path, trace) {
  writeFileSync(path, isWindows ? leavesTrace(trace) : `#!/bin/sh\n: > '${trace}'\n`);
  if (!isWindows) chmodSync(path, 0o755);
}

/**
 * Writes a program for Windows that opens the file named in the variable SCANNED, so that others may read and write it
 * but not rename or remove it, and keeps it open until it is ended.
 *
 * @param {string} path
 */
export function writeScanner(path) {
  writeFileSync(
    path,
    windowsProgram([
      ['GetEnvironmentVariableA', 'SCANNED', BUFFER, BUFFER_SIZE],
      [
        'CreateFileA',
        BUFFER,
        GENERIC_READ,
        FILE_SHARE_READ_WRITE,
        0,
        OPEN_EXISTING,
        FILE_ATTRIBUTE_NORMAL,
        0,
      ],
      ['Sleep', INFINITE],
      ['ExitProcess', 0],
    ]),
  );
}

/** @param {string} trace */
const leavesTrace = (trace) =>
  windowsProgram([
    ['CreateFileA', trace, GENERIC_WRITE, 0, 0, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, 0],
    ['ExitProcess', 0],
  ]);

// As Windows' functions know them.
const GENERIC_READ = 0x8000_0000;
const GENERIC_WRITE = 0x4000_0000;
const FILE_SHARE_READ_WRITE = 3;
const CREATE_ALWAYS = 2;
const OPEN_EXISTING = 3;
const FILE_ATTRIBUTE_NORMAL = 0x80;
const INFINITE = 0xffff_ffff;

/** The address of memory that a program may write to, as an argument. */
const BUFFER = Symbol('buffer');

// Where things lie in a file that Windows can run ("PE Format", Microsoft): the headers in its first block, and the one
// section after them, which is loaded at SECTION.
const BLOCK = 0x200;
const PE_HEADER = 0x40;
const OPTIONAL_HEADER = PE_HEADER + 24;
const SECTION_HEADER = OPTIONAL_HEADER + 240;
const SECTION = 0x1000;
const SECTION_SIZE = 0x800;
// Where things lie within the section.
const IMPORTS = 0x200;
const ADDRESSES = 0x240;
const NAMES = 0x280;
const NAME_SIZE = 32;
const LIBRARY = 0x380;
const TEXTS = 0x400;
const BUFFER_AT = SECTION_SIZE;
const BUFFER_SIZE = 0x400;

/** @typedef {[name: string, ...args: (string | number | symbol)[]]} Call a function of kernel32.dll with its arguments */

/**
 * A program for x64 that makes some calls. Texts are ASCII.
 *
 * @param {Call[]} calls
 */
function windowsProgram(calls) {
  const program = Buffer.alloc(BLOCK + SECTION_SIZE);
  writeHeaders(program);
  const section = program.subarray(BLOCK);
  const addresses = writeImports(section, [...new Set(calls.map(([name]) => name))]);
  const texts = writeTexts(section, calls);
  const places = (/** @type {string | symbol} */ arg) => (arg === BUFFER ? BUFFER_AT : texts.get(arg));
  const code = new Code();
  code.add('48 83 ec 48'); // sub rsp, 72
  for (const [name, ...args] of calls) {
    args.forEach((arg, index) => code.addArgument(index, arg, places));
    code.addWithAddress('ff 15', addresses.get(name)); // call [name]
  }
  code.writeTo(section);
  return program;
}

/** @param {Buffer} program */
function writeHeaders(program) {
  const write16 = (place, values) => {
    for (const [at, value] of values) program.writeUInt16LE(value, place + at);
  };
  const write32 = (place, values) => {
    for (const [at, value] of values) program.writeUInt32LE(value, place + at);
  };
  program.write('MZ');
  write32(0, [[0x3c, PE_HEADER]]);
  program.write('PE', PE_HEADER);
  // For x64, one section, the size of the optional header, executable.
  write16(PE_HEADER, [
    [4, 0x8664],
    [6, 1],
    [20, 240],
    [22, 0x22],
  ]);
  // The kind of header, and for the console of Windows 6.0 or later.
  write16(OPTIONAL_HEADER, [
    [0, 0x20b],
    [40, 6],
    [48, 6],
    [68, 3],
    [70, 0x8100],
  ]);
  // The sizes of code, of a page, of a block, of all in memory and of the headers; where the program starts.
  write32(OPTIONAL_HEADER, [
    [4, SECTION_SIZE],
    [16, SECTION],
    [20, SECTION],
  ]);
  write32(OPTIONAL_HEADER, [
    [32, SECTION],
    [36, BLOCK],
    [56, 2 * SECTION],
    [60, BLOCK],
  ]);
  // The address of the program, and memory for the stack and the heap, reserved and committed.
  const sizes = [
    [24, 0x1_4000_0000n],
    [72, 0x10_0000n],
    [80, 0x1000n],
    [88, 0x10_0000n],
    [96, 0x1000n],
  ];
  for (const [at, value] of sizes) program.writeBigUInt64LE(BigInt(value), OPTIONAL_HEADER + Number(at));
  // Sixteen directories, of which the second one is that of imports.
  write32(OPTIONAL_HEADER, [
    [108, 16],
    [120, SECTION + IMPORTS],
    [124, 40],
  ]);
  program.write('.text', SECTION_HEADER);
  // Its size and place in memory, then in the file; code and data to read, write and run.
  write32(SECTION_HEADER, [
    [8, SECTION],
    [12, SECTION],
    [16, SECTION_SIZE],
    [20, BLOCK],
    [36, 0xe000_0060],
  ]);
}

/**
 * @param {Buffer} section
 * @param {string[]} names
 * @returns {Map<string, number>} where each function's address will be
 */
function writeImports(section, names) {
  section.writeUInt32LE(SECTION + LIBRARY, IMPORTS + 12);
  section.writeUInt32LE(SECTION + ADDRESSES, IMPORTS + 16);
  section.write('KERNEL32.dll', LIBRARY);
  return new Map(
    names.map((name, index) => {
      const [address, place] = [ADDRESSES + 8 * index, NAMES + NAME_SIZE * index];
      section.writeBigUInt64LE(BigInt(SECTION + place), address);
      // Two bytes of a hint come before a name.
      section.write(name, place + 2);
      return [name, address];
    }),
  );
}

/**
 * @param {Buffer} section
 * @param {Call[]} calls
 * @returns {Map<string | number | symbol, number>} where each text is
 */
function writeTexts(section, calls) {
  let place = TEXTS;
  const texts = calls.flatMap(([, ...args]) => args.filter((arg) => typeof arg === 'string'));
  return new Map(
    texts.map((text) => {
      const at = place;
      place += section.write(text, at, 'latin1') + 1;
      if (place > SECTION_SIZE) throw new Error('the texts of the program are too long');
      return [text, at];
    }),
  );
}

// The instructions that load the first arguments: `lea` of an address, and `mov` of a number; rcx, rdx, r8 and r9.
const LOAD_ADDRESS = ['48 8d 0d', '48 8d 15', '4c 8d 05', '4c 8d 0d'];
const LOAD_NUMBER = ['b9', 'ba', '41 b8', '41 b9'];

class Code {
  /** @type {number[]} */
  #bytes = [];

  /** @param {string} hex */
  add(hex) {
    this.#bytes.push(...Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  }

  /** @param {number} number of 32 bits */
  #addNumber(number) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(number | 0);
    this.#bytes.push(...bytes);
  }

  /** An address is given as its distance from the end of the instruction. */
  addWithAddress(hex, place) {
    this.add(hex);
    this.#addNumber(place - this.#bytes.length - 4);
  }

  addArgument(index, arg, places) {
    if (typeof arg !== 'number') return this.addWithAddress(LOAD_ADDRESS[index], places(arg));
    if (index < LOAD_NUMBER.length) {
      this.add(LOAD_NUMBER[index]);
    } else {
      this.add('48 c7 44 24'); // mov qword [rsp + …], …
      this.#bytes.push(8 * index);
    }
    this.#addNumber(arg);
  }

  /** @param {Buffer} section */
  writeTo(section) {
    if (this.#bytes.length > IMPORTS) throw new Error('the program is too long');
    section.set(this.#bytes);
  }
}
