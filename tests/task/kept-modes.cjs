// Loaded before the task (`node --require`): a file system without modes. Everything in KEPT_MODES_FOLDER has the mode
// KEPT_MODES, in octal, which cannot be changed.

'use strict';

const fs = require('node:fs');

const folder = process.env.KEPT_MODES_FOLDER;
const mode = Number.parseInt(process.env.KEPT_MODES, 8);
const handles = new Set();
const isHere = (target) => handles.has(target) || (typeof target === 'string' && target.startsWith(folder));

for (const name of ['statSync', 'lstatSync', 'fstatSync']) {
  const original = fs[name];
  fs[name] = (target, options) => {
    const stats = original.call(fs, target, options);
    if (stats && isHere(target)) {
      stats.mode = options?.bigint ? (stats.mode & ~0o777n) | BigInt(mode) : (stats.mode & ~0o777) | mode;
    }
    return stats;
  };
}

const { openSync, fchmodSync } = fs;
fs.openSync = (target, ...others) => {
  const handle = openSync.call(fs, target, ...others);
  if (isHere(target)) handles.add(handle);
  return handle;
};
fs.fchmodSync = (handle, ...others) => {
  if (!isHere(handle)) return fchmodSync.call(fs, handle, ...others);
  throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
};
