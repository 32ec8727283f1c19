/** Programs of the machine: git says which files it ignores, and Windows' own set access lists. */

import childProcess from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { foldersOf, foreignFolderOf, isInside, isWholePath, isWindows, placeOf, realPath } from './disk.js';

/** How long git may take, in milliseconds. */
const GIT_MS = 5_000;

/**
 * Says which files may be published, and why.
 *
 * @param {string[]} targets real paths, in folders that exist
 * @param {{ stagingFolder?: string, signal: AbortSignal, print: (text: string) => void }} options the staging folder is
 *        where the pipeline gathers its artifacts; what could not be found out is printed
 * @returns {Promise<Map<string, string>>} the reason by target
 */
export async function whyPublished(targets, { stagingFolder, signal, print }) {
  /** @type {Map<string, string>} */
  const reasons = new Map();
  /** @type {Map<string, string[]>} */
  const repositories = new Map();
  const staging =
    stagingFolder && (fs.existsSync(stagingFolder) ? realPath(stagingFolder) : placeOf(stagingFolder));
  for (const target of targets) {
    const repository = foldersOf(target).find((folder) => fs.existsSync(path.join(folder, '.git')));
    if (staging && isInside(target, staging)) {
      reasons.set(target, 'it lies in the artifact staging directory');
    } else if (repository) {
      repositories.set(repository, [...(repositories.get(repository) ?? []), target]);
    }
  }
  for (const [repository, files] of repositories) {
    const ignored = await ignoredFiles(repository, files, signal);
    if (typeof ignored === 'string') {
      print(`git could not say whether it ignores the files in ${repository} (${ignored})`);
    } else {
      files
        .filter((file) => !ignored.has(file))
        .forEach((file) => reasons.set(file, 'it lies in a git work tree, which does not ignore it'));
    }
  }
  return reasons;
}

/**
 * Asks git once about all files of a repository.
 *
 * @param {string} repository
 * @param {string[]} files
 * @param {AbortSignal} signal
 * @returns {Promise<Set<string> | string>} those that it ignores, or why it is not known
 */
function ignoredFiles(repository, files, signal) {
  const program = findGit();
  if (!program) {
    return Promise.resolve('there is none in PATH');
  }
  // Named like this, a repository may belong to another user, as it does in container jobs.
  const place = [`--git-dir=${path.join(repository, '.git')}`, `--work-tree=${repository}`];
  const options = {
    // On Windows a program loads libraries from its working directory.
    cwd: path.dirname(program),
    env: gitEnvironment(),
    timeout: GIT_MS,
    killSignal: /** @type {const} */ ('SIGKILL'),
    maxBuffer: 64 * 1024 * 1024,
    windowsHide: true,
    signal,
  };
  return new Promise((resolve) => {
    const git = childProcess.execFile(
      program,
      [...place, ...SETTINGS, 'check-ignore', '--stdin', '-z'],
      options,
      (error, output) => {
        // 1: it ignores none of them.
        const isAnswer = !error || error.code === 1;
        resolve(
          isAnswer
            ? new Set(output.split('\0'))
            : error.killed
              ? 'no answer in time'
              : `status ${error.code}`,
        );
      },
    );
    git.stdin?.on('error', () => undefined);
    git.stdin?.end(files.join('\0'));
  });
}

/** What keeps a repository's own settings from starting programs, or fetching what a partial clone lacks. */
const SETTINGS = [
  'core.fsmonitor=false',
  `core.hooksPath=${isWindows ? 'NUL' : '/dev/null'}`,
  'core.sshCommand=',
  'core.gitProxy=',
  'credential.helper=',
  'protocol.allow=never',
  'safe.directory=*',
].flatMap((setting) => ['-c', setting]);

/** Git's environment: where the user's own settings are, nothing of the task's, and no protocol to fetch with. */
function gitEnvironment() {
  const names = ['HOME', 'XDG_CONFIG_HOME', 'USERPROFILE', 'HOMEDRIVE', 'HOMEPATH', 'SystemRoot'];
  const inherited = names.filter((name) => process.env[name]).map((name) => [name, process.env[name]]);
  const own = {
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
  };
  return { ...Object.fromEntries(inherited), ...own };
}

/** The first git in PATH that is a program of the machine, not one of the repository. */
function findGit() {
  const name = isWindows ? 'git.exe' : 'git';
  const folders = (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => folder.replace(/^"(.*)"$/, '$1'));
  return folders.filter(isWholePath).flatMap((folder) => ownProgram(path.join(folder, name)))[0];
}

/** @param {string} place @returns {string[]} its real path, if it is a program and no foreign one */
function ownProgram(place) {
  try {
    const program = realPath(place);
    fs.accessSync(program, fs.constants.X_OK);
    const isForeign = foreignFolderOf(place) !== undefined || foreignFolderOf(program) !== undefined;
    return isForeign || !fs.statSync(program).isFile() ? [] : [program];
  } catch {
    return [];
  }
}

const SYSTEM = 'S-1-5-18';
/** Whoever owns a file. */
const OWNER_RIGHTS = 'S-1-3-4';
const SYSTEM_MS = 10_000;

/** The agent's user, once it was asked for. @type {Promise<string> | undefined} */
let user;

/**
 * Leaves only the agent's user and the system access to a file, as mode 0600 does elsewhere. A name may hold `*`.
 *
 * @param {string} place
 * @returns {Promise<string | undefined>} why it could not be done
 */
export async function protect(place) {
  user ??= askSystem('whoami.exe', ['/user', '/fo', 'csv', '/nh']).then(({ output }) => userIn(output));
  return (await askSystem('icacls.exe', accessListArguments(place, await user))).failure;
}

/**
 * The user's identifier in what `whoami` says; without one, the owner of the file. OpenSSH takes no key that has "owner
 * rights" in its list, so the user is better.
 *
 * @param {string} output
 */
export const userIn = (output) => /\b(S-1-\d+(?:-\d+)+)"?\s*$/.exec(output)?.[1] ?? OWNER_RIGHTS;

/**
 * Nothing inherited, and full access for two.
 *
 * @param {string} place
 * @param {string} user identifier
 */
export const accessListArguments = (place, user) => [
  place,
  '/inheritance:r',
  '/grant:r',
  `*${user}:F`,
  `*${SYSTEM}:F`,
  '/q',
];

/**
 * Runs a program of Windows itself.
 *
 * @param {string} name
 * @param {string[]} words
 * @returns {Promise<{ output: string, failure?: string }>}
 */
function askSystem(name, words) {
  const program = systemProgram(name, process.env.SystemRoot);
  if (!program) {
    return Promise.resolve({ output: '', failure: 'SystemRoot names no folder of Windows' });
  }
  const options = { cwd: path.dirname(program), timeout: SYSTEM_MS, windowsHide: true };
  return new Promise((resolve) => {
    childProcess.execFile(program, words, options, (error, output) =>
      resolve({ output, failure: error ? `${name}: ${error.killed ? 'no answer' : error.code}` : undefined }),
    );
  });
}

/**
 * @param {string} name
 * @param {string | undefined} systemRoot as the environment has it, which a pipeline may have changed
 * @returns {string | undefined} the program's path, if it exists outside of the agent's work folder
 */
export function systemProgram(name, systemRoot = '') {
  const program = path.join(systemRoot, 'System32', name);
  const isOwn = isWholePath(systemRoot) && foreignFolderOf(program) === undefined;
  return isOwn && fs.existsSync(program) ? program : undefined;
}
