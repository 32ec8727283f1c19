// Loaded before the task (`node --require`): the system takes so many bytes at a time as SHORT_WRITES says, and no more,
// of what is written in several pieces.

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
