/**
 * Components of the shipped code: the npm packages in the bundled scripts, the crates in the module and Rust's standard
 * library. Needs a build, which records the packages that it bundled.
 */

import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeRust, run } from './commands.js';
import { Failure } from './failure.js';
import { inProject, readJson } from './paths.js';

const TARGET = 'wasm32-unknown-unknown';

// Where there is a choice of licences, the first of these that is offered.
const PREFERRED = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Unicode-3.0', 'Apache-2.0'];

// Crates with a declared licence whose text neither they nor their repository have, and their authors.
const WITHOUT_TEXT = { hifijson: 'Michael Färber' };

/**
 * @typedef {object} Component
 * @property {'npm' | 'cargo' | 'rust'} kind
 * @property {string} name
 * @property {string} version
 * @property {string} licence the SPDX expression that the package declares
 * @property {string[]} licenceFiles the texts that apply, of the licences that were chosen
 * @property {string} [holder] the copyright holder, where the text leaves a gap for it
 * @property {{ algorithm: string, hex: string }} [hash] of the package as its registry delivers it
 * @property {string[]} uses the names of the components that it depends on
 */

/** Every component, sorted by kind and name. */
export async function shippedComponents() {
  const rust = await describeRust();
  return [...bundledPackages(), ...(await linkedCrates(rust)), standardLibrary(rust)].sort(byKindAndName);
}

const byKindAndName = (left, right) => (keyOf(left) < keyOf(right) ? -1 : 1);

const keyOf = ({ kind, name, version }) => `${kind} ${name} ${version}`;

function bundledPackages() {
  const locked = readJson(inProject('package-lock.json')).packages;
  const folders = readJson(inProject('dist', 'bundled-packages.json'));
  const names = folders.map((folder) => readJson(inProject(folder, 'package.json')).name);
  return folders.map((folder) => {
    const { name, version, license, dependencies = {} } = readJson(inProject(folder, 'package.json'));
    const [algorithm, base64] = locked[folder].integrity.split('-');
    return {
      kind: 'npm',
      name,
      version,
      licence: license,
      licenceFiles: licenceFiles(name, license, inProject(folder)),
      hash: { algorithm, hex: Buffer.from(base64, 'base64').toString('hex') },
      uses: Object.keys(dependencies).filter((used) => names.includes(used)),
    };
  });
}

/** What cargo links for the module: neither macros and build scripts nor what only the tests use. */
async function linkedCrates(rust) {
  const options = ['--locked', '--target', TARGET, '--edges', 'normal,no-proc-macro', '--prefix', 'none'];
  const tree = await run('cargo', ['tree', ...options, '--format', '{p}'], { output: 'hidden' });
  const isLinked = new Set(tree.stdout.split(/\r?\n/).map((line) => line.split(' ').slice(0, 2).join(' ')));
  const command = ['metadata', '--locked', '--format-version', '1', '--filter-platform', TARGET];
  const metadata = JSON.parse((await run('cargo', command, { output: 'hidden' })).stdout);
  const crates = metadata.packages.filter(
    ({ name, version, source }) => source && isLinked.has(`${name} v${version}`),
  );
  const nameOf = new Map(crates.map(({ id, name }) => [id, name]));
  const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
  const checksums = readChecksums();
  return crates.map(({ id, name, version, license, manifest_path: manifest }) => {
    const licence = license?.replaceAll('/', ' OR ');
    const holder = WITHOUT_TEXT[name];
    return {
      kind: 'cargo',
      name,
      version,
      licence,
      licenceFiles: holder
        ? standardTexts(rust, chooseLicences(licence))
        : licenceFiles(name, licence, dirname(manifest)),
      ...(holder && { holder }),
      hash: { algorithm: 'sha256', hex: checksums.get(`${name} ${version}`) },
      uses: [...new Set(nodes.get(id).dependencies.map((used) => nameOf.get(used)))].filter(Boolean).sort(),
    };
  });
}

/** Rust's toolchain brings the texts of common licences, with a gap for whose the code is. */
const standardTexts = ({ sysroot }, licences) =>
  licences.map((licence) => join(sysroot, 'share', 'doc', 'rust', 'licenses', `${licence}.txt`));

function readChecksums() {
  const entries = readFileSync(inProject('Cargo.lock'), 'utf8').matchAll(
    /^name = "(.+)"\r?\nversion = "(.+)"\r?\nsource = .+\r?\nchecksum = "(.+)"/gm,
  );
  return new Map([...entries].map(([, name, version, checksum]) => [`${name} ${version}`, checksum]));
}

/** Rust's standard library, which is compiled into the module, including its Unicode tables. */
const standardLibrary = (rust) => ({
  kind: 'rust',
  name: 'rust-std',
  version: rust.version,
  licence: '(MIT OR Apache-2.0) AND Unicode-3.0',
  licenceFiles: standardTexts(rust, ['MIT', 'Unicode-3.0']),
  holder: 'The Rust Project Developers (see https://thanks.rust-lang.org)',
  uses: [],
});

/** The files with the licences that apply. Fails if there are none: nothing ships with unknown terms. */
export function licenceFiles(name, expression, folder) {
  const chosen = chooseLicences(expression ?? '');
  const files = readdirSync(folder).sort();
  const found = chosen.map((licence) => licenceFile(licence, files));
  if (chosen.length === 0 || found.includes(undefined)) {
    throw new Failure(
      `${name} has the licence "${expression}", of which no known text is in ${folder}`,
      'do without the package, or teach scripts/components.js the licence after reading it',
    );
  }
  return [...new Set(found)].map((file) => join(folder, file));
}

/** `LICENSE-MIT` for MIT, else the one licence file there is. */
function licenceFile(licence, files) {
  const [family] = licence.toUpperCase().split('-');
  const base = (file) =>
    file
      .toUpperCase()
      .replace(/\.(MD|TXT)$/, '')
      .replace('LICENCE', 'LICENSE')
      .replace('_', '-');
  return (
    files.find((file) => base(file) === `LICENSE-${family}`) ?? files.find((file) => base(file) === 'LICENSE')
  );
}

/** The licences to comply with in an SPDX expression: all joined by AND, the preferred one of those joined by OR. */
export function chooseLicences(expression) {
  const alternatives = splitOutsideBrackets(expression, ' OR ');
  if (alternatives.length > 1) {
    const choices = alternatives.map(chooseLicences).filter((licences) => licences.length > 0);
    return choices.sort((left, right) => rank(left) - rank(right))[0] ?? [];
  }
  const parts = splitOutsideBrackets(expression, ' AND ');
  if (parts.length > 1) {
    const choices = parts.map(chooseLicences);
    return choices.every((licences) => licences.length > 0) ? choices.flat() : [];
  }
  if (expression.startsWith('(') && expression.endsWith(')')) {
    return chooseLicences(expression.slice(1, -1));
  }
  return PREFERRED.includes(expression) ? [expression] : [];
}

const rank = (licences) => Math.max(...licences.map((licence) => PREFERRED.indexOf(licence)));

function splitOutsideBrackets(expression, separator) {
  return expression.split(separator).reduce((parts, piece) => {
    const open = parts.at(-1);
    if (open !== undefined && open.split('(').length > open.split(')').length) {
      return [...parts.slice(0, -1), `${open}${separator}${piece}`];
    }
    return [...parts, piece];
  }, []);
}
