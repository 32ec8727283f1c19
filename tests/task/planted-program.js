// Programs that must not run: all that they do is to leave a file, so that a test sees if they ran.

import { chmodSync, writeFileSync } from 'node:fs';
import { isWindows } from '../platform.js';

/**
 * Writes a program that makes an empty file when it is started, whatever its arguments are.
 *
 * @param {string} path of the program, on Windows with its ending
 * @param {string} trace the file that it makes
 */
export function plantProgram(path, trace) {
  writeFileSync(path, isWindows ? windowsProgram(trace) : `#!/bin/sh\n: > '${trace}'\n`);
  if (!isWindows) chmodSync(path, 0o755);
}

// Where things lie in a file that Windows can run ("PE Format", Microsoft): the headers in its first block, all else in
// the second one, which is loaded at SECTION.
const BLOCK = 0x200;
const PE_HEADER = 0x40;
const OPTIONAL_HEADER = PE_HEADER + 24;
const SECTION_HEADER = OPTIONAL_HEADER + 240;
const SECTION = 0x1000;
// Where things lie within the second block.
const IMPORTS = 0x80;
const ADDRESSES = 0xb0;
const NAMES = 0xd0;
const TRACE = 0x100;

/** `CreateFileA(trace, …); ExitProcess(0);` for x64. @param {string} trace */
function windowsProgram(trace) {
  const program = Buffer.alloc(2 * BLOCK);
  writeHeaders(program);
  const section = program.subarray(BLOCK);
  code().copy(section);
  writeImports(section);
  if (Buffer.from(trace).length !== trace.length || TRACE + trace.length >= BLOCK) {
    throw new Error('the path of the trace is too long or not ASCII');
  }
  section.write(trace, TRACE);
  return program;
}

/** @param {Buffer} program */
function writeHeaders(program) {
  program.write('MZ');
  program.writeUInt32LE(PE_HEADER, 0x3c);
  program.write('PE', PE_HEADER);
  // For x64, one section, an optional header of 240 bytes, executable.
  for (const [at, value] of [
    [4, 0x8664],
    [6, 1],
    [20, 240],
    [22, 0x22],
  ]) {
    program.writeUInt16LE(value, PE_HEADER + at);
  }
  const optional = program.subarray(OPTIONAL_HEADER);
  optional.writeUInt16LE(0x20b);
  optional.writeUInt32LE(BLOCK, 4);
  optional.writeUInt32LE(SECTION, 16);
  optional.writeUInt32LE(SECTION, 20);
  optional.writeBigUInt64LE(0x1_4000_0000n, 24);
  optional.writeUInt32LE(SECTION, 32);
  optional.writeUInt32LE(BLOCK, 36);
  // For Windows 6.0 or later: of the system, and of the subsystem, which is the console.
  for (const [at, value] of [
    [40, 6],
    [48, 6],
    [68, 3],
    [70, 0x8100],
  ])
    optional.writeUInt16LE(value, at);
  optional.writeUInt32LE(2 * SECTION, 56);
  optional.writeUInt32LE(BLOCK, 60);
  // Memory for the stack and the heap, reserved and committed.
  for (const [at, size] of [
    [72, 0x100000n],
    [80, 0x1000n],
    [88, 0x100000n],
    [96, 0x1000n],
  ]) {
    optional.writeBigUInt64LE(size, at);
  }
  optional.writeUInt32LE(16, 108);
  optional.writeUInt32LE(SECTION + IMPORTS, 120);
  optional.writeUInt32LE(40, 124);
  program.write('.text', SECTION_HEADER);
  // Sizes and places in memory and in the file; code and data that is read and run.
  for (const [at, value] of [
    [8, SECTION],
    [12, SECTION],
    [16, BLOCK],
    [20, BLOCK],
    [36, 0x6000_0060],
  ]) {
    program.writeUInt32LE(value, SECTION_HEADER + at);
  }
}

function code() {
  const bytes = [];
  const add = (hex) => bytes.push(...Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  /** Addresses are given as the distance from the end of the instruction. */
  const addWithAddress = (hex, place) => {
    add(hex);
    const distance = Buffer.alloc(4);
    distance.writeInt32LE(place - bytes.length - 4);
    bytes.push(...distance);
  };
  add('48 83 ec 48'); // sub rsp, 72
  addWithAddress('48 8d 0d', TRACE); // lea rcx, [TRACE]
  add('ba 00 00 00 40'); // mov edx, GENERIC_WRITE
  add('45 31 c0 45 31 c9'); // xor r8d, r8d; xor r9d, r9d
  add('c7 44 24 20 02 00 00 00'); // mov dword [rsp + 32], CREATE_ALWAYS
  add('c7 44 24 28 80 00 00 00'); // mov dword [rsp + 40], FILE_ATTRIBUTE_NORMAL
  add('48 c7 44 24 30 00 00 00 00'); // mov qword [rsp + 48], 0
  addWithAddress('ff 15', ADDRESSES); // call [CreateFileA]
  add('31 c9'); // xor ecx, ecx
  addWithAddress('ff 15', ADDRESSES + 8); // call [ExitProcess]
  return Buffer.from(bytes);
}

/** @param {Buffer} section */
function writeImports(section) {
  const functions = ['CreateFileA', 'ExitProcess'];
  const library = NAMES + 16 * functions.length;
  section.writeUInt32LE(SECTION + library, IMPORTS + 12);
  section.writeUInt32LE(SECTION + ADDRESSES, IMPORTS + 16);
  functions.forEach((name, index) => {
    // Two bytes of a hint come before a name.
    section.writeBigUInt64LE(BigInt(SECTION + NAMES + 16 * index), ADDRESSES + 8 * index);
    section.write(name, NAMES + 16 * index + 2);
  });
  section.write('KERNEL32.dll', library);
}
