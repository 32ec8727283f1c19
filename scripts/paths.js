/** Paths in the project. Uses nothing but Node, since it is loaded before `npm ci` has run. */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The path of something in the project. */
export const inProject = (...parts) => join(root, ...parts);

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Where the packaged extension is written, named as the Marketplace names it; the released one by default. */
export function vsixPath(
  { publisher, extensionId } = readJson(inProject('identity.json')).released,
  { version } = readJson(inProject('vss-extension.json')),
) {
  return inProject('dist', `${publisher}.${extensionId}-${version}.vsix`);
}

/** The name of a program's file on this machine. */
export const executable = (name, platform = process.platform) =>
  platform === 'win32' ? `${name}.exe` : name;
