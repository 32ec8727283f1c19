// Loaded before the task (`node --require`): notes in the file CALLS_NOTES which programs it starts, one a line, as JSON.

'use strict';

const childProcess = require('node:child_process');
const { appendFileSync } = require('node:fs');

const { execFile } = childProcess;

childProcess.execFile = (program, words, ...others) => {
  appendFileSync(process.env.CALLS_NOTES, `${JSON.stringify([program, words])}\n`);
  return execFile(program, words, ...others);
};
