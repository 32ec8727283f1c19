// Loaded before the task (`node --require`): something happens at exactly one point of its run. AT_POINT says what, as
// the JSON of a list of
//
//   { call, count, signal }     before the count-th `call` the process gets the signal, as it does from the agent
//   { call, count, code }       instead of it, an error of the system
//   { call, count, throws }     instead of it, an error with this text
//   { call, count, run }        before it, a command of the shell
//   { call, count, never }      instead of it, nothing: its callback is not called
//
// A call is `start` (before the task loads), `exit`, `print TEXT` (a line of output that begins so), `setTimeout`,
// `request`, `git`, `compute` (the core goes on with Keeper's answer), or a function of `fs` that is used below AT_POINT_FOLDER. Each call is noted in AT_POINT_NOTES, one
// a line; so is the time of a signal.

'use strict';

const childProcess = require('node:child_process');
const fs = require('node:fs');
const https = require('node:https');
const timers = require('node:timers/promises');

const { appendFileSync, existsSync } = fs;
const { execFileSync } = childProcess;
const watched = process.env.AT_POINT_WATCH;
const folder = process.env.AT_POINT_FOLDER;
const notes = process.env.AT_POINT_NOTES;
const wanted = JSON.parse(process.env.AT_POINT ?? '[]');
const counts = new Map();
const handles = new Set();

const NEVER = new Error('never');

function note(text) {
  if (notes) appendFileSync(notes, `${text}\n`);
}

/** Returns the error that replaces a call, after doing whatever else is wanted. */
function arrive(call) {
  const count = (counts.get(call) ?? 0) + 1;
  counts.set(call, count);
  note(call);
  if (watched && !existsSync(watched)) note('missing');
  const here = wanted.find((one) => one.call === call && one.count === count);
  if (here?.signal) {
    note(`signal ${Date.now()}`);
    process.kill(process.pid, here.signal);
  }
  if (here?.run) execFileSync('/bin/sh', ['-c', here.run]);
  if (here?.never) return NEVER;
  if (here?.code) return Object.assign(new Error(`${here.code}: test, '${folder}'`), { code: here.code });
  return here?.throws && new Error(here.throws);
}

function replace(owner, name, wrap) {
  owner[name] = wrap(owner[name]);
}

const isHere = (target) => handles.has(target) || (typeof target === 'string' && target.startsWith(folder));

const SYNCHRONOUS = ['closeSync', 'copyFileSync', 'fchmodSync', 'fstatSync', 'ftruncateSync', 'linkSync'];
const MORE = [
  'appendFileSync',
  'lstatSync',
  'mkdirSync',
  'openSync',
  'renameSync',
  'rmSync',
  'rmdirSync',
  'statSync',
  'unlinkSync',
];
for (const name of [...SYNCHRONOUS, ...MORE]) {
  replace(fs, name, (original) => (target, ...others) => {
    const error = (isHere(target) || isHere(others[0])) && arrive(name);
    // A file is closed even if the system then says that it could not be written.
    if (error && name === 'closeSync') original.call(fs, target);
    if (error) throw error;
    const returned = original.call(fs, target, ...others);
    if (name === 'openSync' && isHere(target)) handles.add(returned);
    if (name === 'closeSync') handles.delete(target);
    return returned;
  });
}

replace(fs, 'writeFileSync', (original) => (target, content, options) => {
  const error = isHere(target) && arrive('writeFileSync');
  if (!error) return original.call(fs, target, content, options);
  // As on a full disk: the file is there, and half of it.
  original.call(fs, target, content.subarray(0, content.length >> 1), options);
  throw error;
});

for (const name of ['writev', 'fsync']) {
  replace(fs, name, (original) => (handle, ...others) => {
    const error = isHere(handle) && arrive(name);
    if (!error) return original.call(fs, handle, ...others);
    if (error !== NEVER) process.nextTick(others.at(-1), error);
  });
}

replace(https, 'request', (original) => (...options) => {
  const error = arrive('request');
  if (error) throw error;
  return original.apply(https, options);
});

replace(childProcess, 'execFile', (original) => (...options) => {
  const error = arrive('git');
  if (error) throw error;
  return original.apply(childProcess, options);
});

for (const owner of [globalThis, timers]) {
  replace(owner, 'setTimeout', (original) => (...options) => {
    arrive('setTimeout');
    return original(...options);
  });
}

const printed = wanted.map(({ call }) => call).filter((call) => call.startsWith('print '));
replace(process.stdout, 'write', (original) => (text, ...others) => {
  for (const call of new Set(printed)) if (String(text).startsWith(call.slice(6))) arrive(call);
  return original.call(process.stdout, text, ...others);
});

replace(
  WebAssembly,
  'Instance',
  (Original) =>
    class {
      constructor(...options) {
        const { exports } = new Original(...options);
        const compute = (...values) => {
          arrive('compute');
          return exports.run_haveAsked(...values);
        };
        this.exports = { ...exports, run_haveAsked: compute };
      }
    },
);

process.on('exit', () => arrive('exit'));
arrive('start');
