/** Programs of the machine: git, which knows the files that it ignores, and Windows' own, which set access lists. */

import fs from 'node:fs';
import path from 'node:path';
import { gitArguments, icaclsArguments, notIgnored } from '../../pkg/core.js';
import { realPath } from './disk.js';
import { foldersOf, foreignFolderOf, isInside, isWholePath, placeOf } from './paths.js';
import { isWindows } from './work.js';

const GIT_MS = 5_000;
const SYSTEM_MS = 10_000;
/** The longest answer of git about all files of a repository, in bytes. */
const MAX_ANSWER = 64 * 1024 * 1024;
const NO_ANSWER = 'no answer';

/** @import { Exposure } from '../../pkg/core.js' */

/**
 * Finds the files that may be published.
 *
 * @param {string[]} files real paths, in folders that exist
 * @param {{ signal: AbortSignal, print: (text: string) => void }} options prints what could not be determined
 * @returns {Promise<Map<string, Exposure>>} where they are
 */
export async function findExposed(files, { signal, print }) {
  /** @type {Map<string, Exposure>} */
  const exposed = new Map();
  /** @type {Map<string, string[]>} */
  const repositories = new Map();
  // Where the pipeline gathers its artifacts.
  const { BUILD_ARTIFACTSTAGINGDIRECTORY: stagingFolder } = process.env;
  const staging = stagingFolder && placeOf(path.resolve(stagingFolder));
  for (const file of files) {
    const repository = foldersOf(file).find((folder) => fs.existsSync(path.join(folder, '.git')));
    if (staging && isInside(file, staging)) {
      exposed.set(file, 'STAGING');
    } else if (repository) {
      const others = repositories.get(repository) ?? [];
      repositories.set(repository, others);
      others.push(file);
    }
  }
  for (const [repository, inside] of repositories) {
    const { status, output, failure } = await askGit(repository, inside, signal);
    const loose = notIgnored(inside, status, output);
    loose?.forEach((file) => exposed.set(file, 'WORK_TREE'));
    if (!loose) {
      print(`git could not say whether it ignores the files in ${repository} (${failure})`);
    }
  }
  return exposed;
}

/**
 * Asks git once about all files of a repository.
 *
 * @param {string} repository
 * @param {string[]} files
 * @param {AbortSignal} signal
 */
async function askGit(repository, files, signal) {
  const program = findGit();
  if (!program) {
    return { status: '', output: '', failure: 'there is none in PATH' };
  }
  const question = gitArguments(repository, path.join(repository, '.git'), isWindows);
  const options = { env: gitEnvironment(), timeout: GIT_MS, signal };
  const { status, output } = await ask(program, question, options, files.join('\0'));
  return { status, output, failure: status === NO_ANSWER ? 'no answer in time' : `status ${status}` };
}

/** Git's environment: where the user's settings are, nothing of the task's, and no protocol to fetch with. */
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

/** The first git in PATH that belongs to the machine, not to the repository. */
function findGit() {
  const name = isWindows ? 'git.exe' : 'git';
  const folders = (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => folder.replace(/^"(.*)"$/, '$1'));
  return folders.filter(isWholePath).flatMap((folder) => ownProgram(path.join(folder, name)))[0];
}

/** @param {string} place @returns {string[]} its real path, if it is executable and not foreign */
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

/** What `whoami` says about the agent's user, asked once. @type {ReturnType<typeof askSystem> | undefined} */
let user;

/**
 * Gives only the agent's user and the system access to a file, as mode 0600 does elsewhere.
 *
 * @param {string} place a path, whose last part may contain `*`
 * @returns {Promise<string | undefined>} why it failed, if it did
 */
export async function protect(place) {
  user ??= askSystem('whoami.exe', ['/user', '/fo', 'csv', '/nh']);
  const { output } = await user;
  return (await askSystem('icacls.exe', icaclsArguments(place, output))).failure;
}

/** Runs a program of Windows itself. @param {string} name @param {string[]} words */
async function askSystem(name, words) {
  const program = systemProgram(name, process.env.SystemRoot);
  if (!program) {
    return { output: '', failure: 'SystemRoot names no folder of Windows' };
  }
  const { status, output } = await ask(program, words, { timeout: SYSTEM_MS });
  return { output, failure: status === '0' ? undefined : `${name}: ${status}` };
}

/**
 * The path of a program of Windows, if it exists outside of the agent's work folder.
 *
 * @param {string} name
 * @param {string | undefined} systemRoot as the environment has it, which a pipeline may have changed
 */
export function systemProgram(name, systemRoot = '') {
  const program = path.join(systemRoot, 'System32', name);
  const isOwn = isWholePath(systemRoot) && foreignFolderOf(program) === undefined;
  return isOwn && fs.existsSync(program) ? program : undefined;
}

/**
 * Runs a program to completion.
 *
 * @param {string} program
 * @param {string[]} words
 * @param {import('node:child_process').ExecFileOptions} options
 * @param {string} [input]
 * @returns {Promise<{ status: string, output: string }>} the status is a number, a code of the system, or NO_ANSWER
 */
async function ask(program, words, options, input = '') {
  // Loaded here, as most runs start no program.
  const { execFile } = await import('node:child_process');
  // On Windows a program loads libraries from its working directory.
  const always = { cwd: path.dirname(program), windowsHide: true, maxBuffer: MAX_ANSWER, encoding: 'utf8' };
  const end = new Promise((resolve) => {
    const child = execFile(
      program,
      words,
      { ...options, ...always, killSignal: 'SIGKILL' },
      (error, output) =>
        resolve({ status: error ? (error.killed ? NO_ANSWER : `${error.code}`) : '0', output: `${output}` }),
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
  // Node throws if Windows refuses to start the program, for example because a policy forbids it.
  return end.catch(({ code }) => ({ status: `${code}`, output: '' }));
}
