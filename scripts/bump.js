/**
 * The project's next version, in every file that names it: `npm run bump -- patch`, `minor`, `major` or `1.2.3`.
 * The changelog's Unreleased becomes that version, dated today. Nothing is committed.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { Failure, Misuse, runWhenCalled } from './failure.js';
import { inProject } from './paths.js';

const NAME = 'ksm-azure-pipelines-task';
const USAGE = 'npm run bump -- patch, minor, major or a version such as 1.2.3';
const CHANGELOG = 'CHANGELOG.md';

/**
 * Where the version is, as patterns around it, and how often. The first file is the source of truth; a test compares
 * the others with it.
 */
const PLACES = [
  { file: 'package.json', pattern: /("version": ")([^"]+)/g, times: 1 },
  {
    file: 'package-lock.json',
    pattern: new RegExp(`("name": "${NAME}",\\s+"version": ")([^"]+)`, 'g'),
    times: 2,
  },
  { file: 'Cargo.toml', pattern: /(^\[package\]\s+name = "[^"]+"\s+version = ")([^"]+)/g, times: 1 },
  { file: 'Cargo.lock', pattern: new RegExp(`(name = "${NAME}"\\s+version = ")([^"]+)`, 'g'), times: 1 },
  { file: 'fuzz/Cargo.lock', pattern: new RegExp(`(name = "${NAME}"\\s+version = ")([^"]+)`, 'g'), times: 1 },
  { file: 'vss-extension.json', pattern: /("version": ")([^"]+)/g, times: 1 },
];

const TASK = 'task/task.json';
const TASK_VERSION = /("Major": )(\d+)(,\s+"Minor": )(\d+)(,\s+"Patch": )(\d+)/;

/** Every version in these files, as `{ file, version }`; fails if a file does not have it where it should. */
export function readVersions(read = readProjectFile) {
  const places = PLACES.flatMap(({ file, pattern, times }) => {
    const versions = [...read(file).matchAll(pattern)].map(([, , version]) => ({ file, version }));
    if (versions.length !== times) {
      throw new Failure(
        `${file} names the version ${versions.length} times instead of ${times}`,
        'see scripts/bump.js',
      );
    }
    return versions;
  });
  const [, , major, , minor, , patch] = read(TASK).match(TASK_VERSION) ?? [];
  return [...places, { file: TASK, version: `${major}.${minor}.${patch}` }];
}

/** The files with the new version in them, by name, the changelog aside. */
export function withVersion(version, read = readProjectFile) {
  const [major, minor, patch] = version.split('.');
  return {
    ...Object.fromEntries(
      PLACES.map(({ file, pattern }) => [
        file,
        read(file).replace(pattern, (_, before) => `${before}${version}`),
      ]),
    ),
    [TASK]: read(TASK).replace(TASK_VERSION, `$1${major}$3${minor}$5${patch}`),
  };
}

/** The next version, or the requested one if it is not a step back. */
export function nextVersion(current, wanted, isReleased = true) {
  const [major, minor, patch] = current.split('.').map(Number);
  const next = {
    major: `${major + 1}.0.0`,
    minor: `${major}.${minor + 1}.0`,
    patch: `${major}.${minor}.${patch + 1}`,
  }[wanted];
  if (next) {
    return next;
  }
  if (!/^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}$/.test(wanted ?? '')) {
    throw new Failure(`\`${wanted ?? ''}\` is no version`, USAGE);
  }
  const order = wanted.localeCompare(current, 'en', { numeric: true });
  if (order < 0 || (order === 0 && isReleased)) {
    throw new Failure(
      `${wanted} does not come after ${current}`,
      'the Marketplace takes higher versions only; to go back, release the old code under a higher one',
    );
  }
  return wanted;
}

/** The changelog with the unreleased changes under the new version. */
export function released(changelog, version, date) {
  const [before, unreleased] = changelog.split(/^## Unreleased\r?\n/m);
  const changes = unreleased?.split(/^## /m)[0].trim();
  if (!changes) {
    throw new Failure(
      'the changelog has nothing under Unreleased',
      'write down what its readers will notice',
    );
  }
  return `${before}## Unreleased\n\n## ${version} - ${date}\n${unreleased}`;
}

const isInChangelog = (version) => readProjectFile(CHANGELOG).includes(`\n## ${version} `);

const readProjectFile = (file) => readFileSync(inProject(file), 'utf8');

function bump(wanted) {
  const [{ version: current }] = readVersions();
  const version = nextVersion(current, wanted, isInChangelog(current));
  const changelog = released(readProjectFile(CHANGELOG), version, new Date().toISOString().slice(0, 10));
  const files = { ...withVersion(version), [CHANGELOG]: changelog };
  for (const [file, content] of Object.entries(files)) {
    writeFileSync(inProject(file), content);
    console.log(`${version}  ${file}`);
  }
  console.log(`\nRead the changelog once more, commit, and tag the commit v${version}: the tag publishes.`);
}

await runWhenCalled(
  import.meta.url,
  (_, words) => {
    if (words.length !== 1) throw new Misuse('one version is needed');
    bump(words[0]);
  },
  {
    usage: `\
npm run bump -- patch|minor|major    the next version, in every file that names it
npm run bump -- 1.2.3                this version`,
    takesWords: true,
  },
);
