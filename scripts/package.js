/**
 * Packs the extension for the Marketplace, checks that it contains what it should and nothing else, and writes its bill
 * of materials beside it. The same sources give the same bytes. `--preview [--build 12]` packs the private preview.
 */

import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.js';
import { runPackage } from './commands.js';
import { shippedComponents } from './components.js';
import { Failure, Misuse, runWhenCalled } from './failure.js';
import { sha256 } from './fingerprint.js';
import { identifyExtension, identifyTask, linkedTo, previewVersion, readIdentity } from './identity.js';
import { writeNotices } from './notices.js';
import { inProject, readJson, vsixPath } from './paths.js';
import { step } from './progress.js';
import { writeSbom } from './sbom.js';
import { unzip } from './unpack.js';

const STAGED = ['overview.md', 'images', 'LICENSE'];

// The files that run on the agent.
const RUN = ['main.js', 'cleanup.js', 'core_bg.wasm'];

const USAGE = `\
npm run package                                   the extension
npm run package -- --preview [--build NUMBER]     its private preview`;

const CONTENT_TYPES = '[Content_Types].xml';

// The files of the extension. The pictures in `images/` and `task/cleanup.js` are added if the project has them.
const EXPECTED = [
  CONTENT_TYPES,
  'extension.vsixmanifest',
  'extension.vsomanifest',
  'LICENSE',
  'overview.md',
  'task/core_bg.wasm',
  'task/icon.png',
  'task/main.js',
  'task/task.json',
  'task/THIRD-PARTY-NOTICES.txt',
];

/** Builds the task and packs it. */
export async function packageExtension({ preview = false, build: number, readable = false } = {}) {
  await build({ readable });
  const identity = readIdentity(preview ? 'preview' : 'released');
  return step('Pack the extension', () => pack(identity, number));
}

async function pack(identity, buildNumber) {
  const source = readJson(inProject('vss-extension.json'));
  const version = buildNumber ? previewVersion(source.version, buildNumber) : source.version;
  const vsix = vsixPath(identity, { version });
  rmSync(vsix, { force: true });
  const components = await shippedComponents();
  const manifest = identifyExtension(source, identity, version);
  const task = identifyTask(readJson(inProject('task', 'task.json')), identity, version);
  const stage = stageExtension(manifest, task, components);
  const files = await packWithTfx(stage);
  checkContents(Object.keys(files));
  const content = await zip(files);
  writeFileSync(vsix, content);
  const sbom = vsix.replace(/\.vsix$/, '.cdx.json');
  const shipped = Object.fromEntries(RUN.map((name) => [name, files[`task/${name}`]]));
  const { license } = readJson(inProject('package.json'));
  writeFileSync(
    sbom,
    writeSbom({ name: identity.extensionId, version, licence: license }, shipped, components),
  );
  return { vsix, sbom, bytes: content.length, files: sizes(files), sha256: sha256(content) };
}

/** Arranges everything as in the extension, where tfx can check the task's own manifest. */
function stageExtension(manifest, task, components) {
  const stage = inProject('dist', 'extension');
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  STAGED.filter((name) => existsSync(inProject(name))).forEach((name) =>
    cpSync(inProject(name), join(stage, name), { recursive: true }),
  );
  cpSync(inProject('dist', 'task'), join(stage, 'task'), { recursive: true });
  const write = (name, content) => writeFileSync(join(stage, name), content);
  write('vss-extension.json', asJson(manifest));
  // The Marketplace can show the pictures in the package, but no other file of the project.
  const page = readFileSync(inProject('overview.md'), 'utf8');
  write('overview.md', linkedTo(manifest.repository.uri, page));
  write(join('task', 'task.json'), asJson(task));
  // Agents download only the task's folder, and the notices have to accompany the code.
  write(join('task', 'THIRD-PARTY-NOTICES.txt'), writeNotices(components));
  return stage;
}

const asJson = (value) => `${JSON.stringify(value, undefined, 2)}\n`;

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
  const files = await unzip(packed);
  rmSync(packed);
  files[CONTENT_TYPES] = Buffer.from(sortTypes(Buffer.from(files[CONTENT_TYPES]).toString('utf8')));
  return files;
}

/**
 * Sorts the content types: tfx writes them in the order in which it finds them out, which on Linux and macOS is a race
 * between the programs that it asks.
 */
export function sortTypes(xml) {
  const types = xml.match(/^ *<(Default|Override) .*$/gm).sort();
  return xml.replace(/^ *<(Default|Override) .*$/gm, () => types.shift());
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

/** A zip whose bytes depend on nothing but the files: sorted, and dated with the first day that zip can represent. */
async function zip(files) {
  const { default: Zip } = await import('jszip');
  const zip = new Zip();
  const date = new Date(Date.UTC(1980, 0, 1));
  sortedNames(files).forEach((name) => zip.file(name, files[name], { date, createFolders: false }));
  return zip.generateAsync({
    type: 'nodebuffer',
    compression: 'DEFLATE',
    compressionOptions: { level: 9 },
  });
}

const sizes = (files) => sortedNames(files).map((name) => ({ name, bytes: files[name].length }));

const sortedNames = (files) => Object.keys(files).sort();

function printContents({ vsix, sbom, bytes, files, sha256 }) {
  const column = (number) => number.toLocaleString('en').padStart(12);
  files.forEach((file) => console.log(`${column(file.bytes)}  ${file.name}`));
  console.log(`${column(bytes)}  packed: ${vsix}`);
  console.log(`     SHA-256  ${sha256}`);
  console.log(`        SBOM  ${sbom}`);
}

async function packAsAsked({ preview, build: number }) {
  if (number !== undefined && (!preview || !/^[1-9]\d{0,8}$/.test(number))) {
    throw new Misuse('--build takes the number of a preview');
  }
  printContents(await packageExtension({ preview, build: number }));
}

await runWhenCalled(import.meta.url, packAsAsked, {
  usage: USAGE,
  options: { preview: { type: 'boolean' }, build: { type: 'string' } },
});
