// Loaded before the task (`node --require`): a virus scanner as on Windows. The program SCANNER opens each file that
// the task creates below SCANNER_FOLDER, and nobody can rename or remove that file for SCANNER_MS milliseconds.

'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { openSync, renameSync } = fs;
const { setTimeout } = globalThis;
const folder = path.resolve(process.env.SCANNER_FOLDER);
const LIMIT_MS = 20_000;

fs.openSync = (file, flags, ...others) => {
  const handle = openSync(file, flags, ...others);
  if (`${flags}`.startsWith('wx') && path.resolve(file).startsWith(folder)) scan(path.resolve(file));
  return handle;
};

function scan(file) {
  const end = Date.now() + LIMIT_MS;
  while (Date.now() < end) {
    const scanner = startScanner(file);
    if (scanner) return setTimeout(() => scanner.kill(), Number(process.env.SCANNER_MS)).unref();
  }
  throw new Error(`${file} is not held`);
}

/**
 * Starts the program, which fails to open the file if we check at the same moment whether it has.
 *
 * @param {string} file
 */
function startScanner(file) {
  const env = { SystemRoot: process.env.SystemRoot, SCANNED: file };
  const scanner = spawn(process.env.SCANNER, { env, stdio: 'ignore' });
  scanner.unref();
  process.once('exit', () => scanner.kill());
  for (let looks = 0; looks < 20; looks += 1) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    if (isHeld(file)) return scanner;
  }
  scanner.kill();
  return undefined;
}

function isHeld(file) {
  try {
    renameSync(file, file);
    return false;
  } catch {
    return true;
  }
}
