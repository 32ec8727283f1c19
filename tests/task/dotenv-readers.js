// Programs that read dotenv files, each as a function.

import { spawnSync } from 'node:child_process';
import { dirname, basename } from 'node:path';
import { readFileSync } from 'node:fs';
import * as util from 'node:util';
import dotenv from 'dotenv';

/** @typedef {{ name: string, read: ((path: string) => Record<string, string>) | undefined }} Reader */

/**
 * Shells that source the file, and parsers. `read` is undefined if this machine does not have the program.
 *
 * @type {Reader[]}
 */
export const READERS = [
  { name: 'sh', read: shell('sh') },
  { name: 'bash', read: shell('bash') },
  { name: 'dotenv of npm', read: (path) => dotenv.parse(readFileSync(path)) },
  { name: 'the fast parser of dotenv', read: (path) => dotenv.parse(readFileSync(path), { fast: true }) },
  { name: 'Node', read: util.parseEnv && ((path) => ({ ...util.parseEnv(readFileSync(path, 'utf8')) })) },
  { name: 'python-dotenv', read: python() },
];

/** The environment that a program gets from a shell that has sourced the file. */
function shell(name) {
  if (spawnSync(name, ['-c', 'exit 0']).status !== 0) return undefined;
  const print = `'${process.execPath}' -p 'JSON.stringify(process.env)'`;
  return (path) => {
    const script = `set -ae; . './${basename(path)}'; ${print}`;
    return readJson(spawnSync(name, ['-c', script], { ...options, cwd: dirname(path), env: {} }));
  };
}

function python() {
  if (spawnSync('python3', ['-c', 'from dotenv import dotenv_values']).status !== 0) return undefined;
  const script =
    'import json, sys; from dotenv import dotenv_values; print(json.dumps(dotenv_values(sys.argv[1])))';
  return (path) => readJson(spawnSync('python3', ['-c', script, path], options));
}

// Bash takes a socket as its input for a remote login, and then reads its start-up files.
const options = /** @type {const} */ ({
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  stdio: ['ignore', 'pipe', 'pipe'],
});

function readJson({ status, stdout, stderr }) {
  if (status !== 0 || stderr !== '') throw new Error(`it could not read the file: ${stderr}`);
  return JSON.parse(stdout);
}
