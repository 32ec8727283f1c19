// Loaded before the task (`node --require`): of a write in several pieces, the system accepts at most SHORT_WRITES
// bytes at a time.

'use strict';

const fs = require('node:fs');

const { writev } = fs;
const most = Number(process.env.SHORT_WRITES);

fs.writev = (handle, pieces, callback) => {
  let left = most;
  const taken = pieces.flatMap((piece) => {
    const part = piece.subarray(0, left);
    left -= part.length;
    return part.length > 0 ? [part] : [];
  });
  writev.call(fs, handle, taken, callback);
};
