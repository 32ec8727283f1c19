/** Programs of the machine: git says which files it ignores, and Windows' own set access lists. */

import childProcess from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { icaclsArguments } from '../../pkg/core.js';
import { isWindows, realPath } from './disk.js';
import { foldersOf, foreignFolderOf, isInside, isWholePath, placeOf } from './paths.js';

const GIT_MS = 5_000;
const SYSTEM_MS = 10_000;
/** What git may say about all files of a repository, in bytes. */
const MAX_ANSWER = 64 * 1024 * 1024;
const NO_ANSWER = 'no answer';

/**
 * Says which files may be published, and why.
 *
 * @param {string[]} targets real paths, in folders that exist
 * @param {{ signal: AbortSignal, print: (text: string) => void }} options what could not be found out is printed
 * @returns {Promise<Map<string, string>>} the reason by target
 */
export async function whyPublished(targets, { signal, print }) {
  /** @type {Map<string, string>} */
  const reasons = new Map();
  /** @type {Map<string, string[]>} */
  const repositories = new Map();
  // Where the pipeline gathers its artifacts.
  const { BUILD_ARTIFACTSTAGINGDIRECTORY: stagingFolder } = process.env;
  const staging = stagingFolder && placeOf(path.resolve(stagingFolder));
  for (const target of targets) {
    const repository = foldersOf(target).find((folder) => fs.existsSync(path.join(folder, '.git')));
    if (staging && isInside(target, staging)) {
      reasons.set(target, 'it lies in the artifact staging directory');
    } else if (repository) {
      const files = repositories.get(repository) ?? [];
      repositories.set(repository, files);
      files.push(target);
    }
  }
  for (const [repository, files] of repositories) {
    const { ignored, failure } = await askGit(repository, files, signal);
    if (failure) {
      print(`git could not say whether it ignores the files in ${repository} (${failure})`);
    }
    files
      .filter((file) => ignored && !ignored.has(file))
      .forEach((file) => reasons.set(file, 'it lies in a git work tree, which does not ignore it'));
  }
  return reasons;
}

/**
 * Asks git once about all files of a repository.
 *
 * @param {string} repository
 * @param {string[]} files
 * @param {AbortSignal} signal
 * @returns {Promise<{ ignored?: Set<string>, failure?: string }>} those that it ignores, or why it is not known
 */
async function askGit(repository, files, signal) {
  const program = findGit();
  if (!program) {
    return { failure: 'there is none in PATH' };
  }
  // Named like this, a repository may belong to another user, as it does in container jobs.
  const place = [`--git-dir=${path.join(repository, '.git')}`, `--work-tree=${repository}`];
  const words = [...place, ...SETTINGS, 'check-ignore', '--stdin', '-z'];
  const options = { env: gitEnvironment(), timeout: GIT_MS, signal };
  const { status, output } = await ask(program, words, options, files.join('\0'));
  // 1: it ignores none of them.
  if (status === '0' || status === '1') {
    return { ignored: new Set(output.split('\0')) };
  }
  return { failure: status === NO_ANSWER ? 'no answer in time' : `status ${status}` };
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

/** What `whoami` says of the agent's user, once it was asked. @type {ReturnType<typeof askSystem> | undefined} */
let user;

/**
 * Leaves only the agent's user and the system access to a file, as mode 0600 does elsewhere.
 *
 * @param {string} place whose name may hold `*`
 * @returns {Promise<string | undefined>} why it could not be done
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
 * Runs a program to its end.
 *
 * @param {string} program
 * @param {string[]} words
 * @param {childProcess.ExecFileOptions} options
 * @param {string} [input]
 * @returns {Promise<{ status: string, output: string }>} the status is a number, a code of the system, or NO_ANSWER
 */
function ask(program, words, options, input = '') {
  // On Windows a program loads libraries from its working directory.
  const always = { cwd: path.dirname(program), windowsHide: true, maxBuffer: MAX_ANSWER, encoding: 'utf8' };
  const end = new Promise((resolve) => {
    const child = childProcess.execFile(
      program,
      words,
      { ...options, ...always, killSignal: 'SIGKILL' },
      (error, output) =>
        resolve({ status: error ? (error.killed ? NO_ANSWER : `${error.code}`) : '0', output: `${output}` }),
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
  // Node throws what Windows refuses at once, such as a program that a policy forbids.
  return end.catch(({ code }) => ({ status: `${code}`, output: '' }));
}
