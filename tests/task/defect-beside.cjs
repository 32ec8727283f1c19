// Loaded before the task (`node --require`): when it first writes a part of an attachment, something else throws an
// error that nothing awaits.

'use strict';

const fs = require('node:fs');

const { writev } = fs;
let isFirst = true;

fs.writev = (...options) => {
  if (isFirst) {
    setImmediate(() => {
      throw new Error('test');
    });
  }
  isFirst = false;
  return writev.apply(fs, options);
};
