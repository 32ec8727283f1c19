// Loaded before the task (`node --require`): records in the file CALLS_NOTES the programs that it starts, one per line,
// as JSON.

'use strict';

const childProcess = require('node:child_process');
const { appendFileSync } = require('node:fs');

const { execFile } = childProcess;

childProcess.execFile = (program, words, ...others) => {
  appendFileSync(process.env.CALLS_NOTES, `${JSON.stringify([program, words])}\n`);
  return execFile(program, words, ...others);
};
