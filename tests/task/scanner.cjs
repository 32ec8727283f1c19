// Loaded before the task (`node --require`): a virus scanner, as Windows has it. Each file below SCANNER_FOLDER that the
// task has closed is held for SCANNER_MS milliseconds; nobody else can open, rename or remove it meanwhile.

'use strict';

const fs = require('node:fs');
const path = require('node:path');

// UV_FS_O_EXLOCK of libuv: a file that is opened with it is shared with nobody. Node has no name for it.
const ALONE = 0x10000000;
const { openSync, closeSync, close } = fs;
const { setTimeout } = globalThis;
const folder = path.resolve(process.env.SCANNER_FOLDER ?? '.');
const opened = new Map();

function hold(file) {
  try {
    const handle = openSync(file, fs.constants.O_RDONLY | ALONE);
    setTimeout(() => closeSync(handle), Number(process.env.SCANNER_MS)).unref();
  } catch {
    // It is gone, or a folder.
  }
}

/** What a handle was opened for, once. */
function take(handle) {
  const file = opened.get(handle);
  opened.delete(handle);
  return file;
}

fs.openSync = (file, ...others) => {
  const handle = openSync(file, ...others);
  if (path.resolve(String(file)).startsWith(folder)) opened.set(handle, path.resolve(String(file)));
  return handle;
};

fs.closeSync = (handle) => {
  const file = take(handle);
  closeSync(handle);
  if (file) hold(file);
};

fs.close = (handle, done = () => {}) => {
  const file = take(handle);
  close(handle, (error) => {
    if (file) hold(file);
    done(error);
  });
};
