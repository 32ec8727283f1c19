/**
 * Packs the extension for the Marketplace and checks that it holds what it should and nothing else. The
 * same sources give the same bytes.
 */

import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.js';
import { runPackage } from './commands.js';
import { Failure, runWhenCalled } from './failure.js';
import { sha256 } from './fingerprint.js';
import { inProject, vsixPath } from './paths.js';
import { step } from './progress.js';

const STAGED = ['vss-extension.json', 'overview.md', 'images', 'LICENSE'];

// What the extension consists of. The pictures in `images/` and `task/cleanup.js` are added
// as far as the project has them.
const EXPECTED = [
  '[Content_Types].xml',
  'extension.vsixmanifest',
  'extension.vsomanifest',
  'LICENSE',
  'overview.md',
  'task/core_bg.wasm',
  'task/icon.png',
  'task/index.js',
  'task/task.json',
];

/** Builds the task and packs it; tells where the extension is and what is in it. */
export async function packageExtension() {
  await build();
  const extension = await step('Pack the extension', pack);
  printContents(extension);
  return extension;
}

async function pack() {
  const vsix = vsixPath();
  rmSync(vsix, { force: true });
  const stage = stageExtension();
  const files = await packWithTfx(stage);
  checkContents(Object.keys(files));
  const content = await zip(files);
  writeFileSync(vsix, content);
  return { vsix, bytes: content.length, files: sizes(files), sha256: sha256(content) };
}

/** Lays everything out as it will be in the extension, where tfx can check the task's own manifest. */
function stageExtension() {
  const stage = inProject('dist', 'extension');
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  STAGED.filter((name) => existsSync(inProject(name))).forEach((name) =>
    cpSync(inProject(name), join(stage, name), { recursive: true }),
  );
  cpSync(inProject('dist', 'task'), join(stage, 'task'), { recursive: true });
  return stage;
}

/** Has Microsoft's tool make the extension and returns its files by name. */
async function packWithTfx(stage) {
  const packed = inProject('dist', 'packed-by-tfx.vsix');
  const options = ['--root', stage, '--manifests', 'vss-extension.json', '--output-path', packed];
  const { stdout, stderr } = await runPackage(
    'tfx-cli/_build/tfx-cli.js',
    ['extension', 'create', ...options, '--no-prompt', '--no-color', '--json'],
    { output: 'hidden' },
  );
  const warnings = `${stdout}\n${stderr}`.match(/^.*\bwarning:.*$/gim);
  if (warnings) {
    throw new Failure(`tfx warns:\n${warnings.join('\n')}`, 'correct the manifest that it names');
  }
  const { unzipSync } = await import('fflate');
  // Folders have entries of their own there, which mean nothing.
  const files = unzipSync(readFileSync(packed), { filter: ({ name }) => !name.endsWith('/') });
  rmSync(packed);
  return files;
}

function checkContents(names) {
  const cleanup = existsSync(inProject('task', 'cleanup.js')) ? ['task/cleanup.js'] : [];
  const images = readdirSync(inProject('images'))
    .filter((name) => name.endsWith('.png'))
    .map((name) => `images/${name}`);
  const expected = [...EXPECTED, ...cleanup, ...images];
  const unexpected = names.filter((name) => !expected.includes(name));
  const missing = expected.filter((name) => !names.includes(name));
  if (unexpected.length > 0 || missing.length > 0) {
    throw new Failure(
      `the extension does not hold what it should; unexpected: ${list(unexpected)}; missing: ${list(missing)}`,
      'correct `files` in vss-extension.json, or the list in scripts/package.js if it is meant to change',
    );
  }
}

const list = (names) => names.join(', ') || 'nothing';

/** The files as a zip whose bytes depend on nothing but them: sorted, and dated with the first day of zip. */
async function zip(files) {
  const { zipSync } = await import('fflate');
  const sorted = Object.fromEntries(sortedNames(files).map((name) => [name, files[name]]));
  return zipSync(sorted, { level: 9, mtime: new Date(1980, 0, 1) });
}

const sizes = (files) => sortedNames(files).map((name) => ({ name, bytes: files[name].length }));

const sortedNames = (files) => Object.keys(files).sort();

function printContents({ vsix, bytes, files, sha256 }) {
  const column = (number) => number.toLocaleString('en').padStart(12);
  files.forEach((file) => console.log(`${column(file.bytes)}  ${file.name}`));
  console.log(`${column(bytes)}  packed: ${vsix}`);
  console.log(`     SHA-256  ${sha256}`);
}

await runWhenCalled(import.meta.url, packageExtension);
