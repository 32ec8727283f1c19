// The readers of a vault: Keeper's SDKs, each as a small program, and this extension's packed task.
//
// A program gets, as JSON, { config, notations, codes, proxy } and answers with what is a `Reading` here.

import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { execute, run } from '../scripts/commands.js';
import { Failure } from '../scripts/failure.js';
import { fingerprint, isStamped } from '../scripts/fingerprint.js';
import { executable, inProject, readJson } from '../scripts/paths.js';
import { step } from '../scripts/progress.js';
import { runTask } from '../tests/agent/agent.js';
import { startProxy } from '../tests/proxy/proxy.js';

/**
 * What a reader finds. `sha256` is that of an attachment's content; `since`, in seconds since 1970, is when the half
 * minute of a code began: periods have 30 or 60 seconds.
 *
 * @typedef {object} Reading
 * @property {string | null} [failed] why nothing was read
 * @property {RecordRead[]} records each copy of each record
 * @property {Record<string, Answer[]>} answers by function, one for each notation
 * @property {{ code: string, since: number }[]} codes one for each otpauth URI
 *
 * @typedef {{ uid: string, folder: string | null, data: any, files: FileRead[] }} RecordRead
 * @typedef {{ uid: string, name: string, title: string, sha256?: string, error?: string }} FileRead
 * @typedef {{ value: any } | { base64: string } | { error: string }} Answer
 *
 * @typedef {object} Shown what a reader is given: a Keeper, and the file of the authority that signed its certificate
 * @property {Awaited<ReturnType<typeof import('../tests/keeper/server.js').startKeeper>>} keeper
 * @property {string} caPath
 * @property {string[]} notations
 * @property {string[]} codes otpauth URIs
 *
 * @typedef {object} Reader
 * @property {string} name
 * @property {Record<string, string>} functions that take a notation, each with the name that it has in tests/vectors
 * @property {string} version
 * @property {(shown: Shown) => Promise<Reading>} read
 */

const OLDEST_PYTHON = '3.9.2';
const NETWORK_ADVICE =
  'check the network, or the proxy in HTTPS_PROXY, and run the same command again; what is done stays done';

/** Keeper's SDKs, installed if need be. @returns {Promise<Reader[]>} */
export async function prepareReaders() {
  const python = await preparePython("Keeper's Python SDK", 'interop-python', 'requirements.txt');
  const rust = await prepareRust();
  return [
    {
      name: 'JavaScript',
      functions: { getValue: 'jsGetValue', getNotationResults: 'jsGetNotationResults' },
      version: readJson(inProject('node_modules/@keeper-security/secrets-manager-core/package.json')).version,
      read: (shown) =>
        readWith(process.execPath, [inProject('interop', 'javascript', 'read.js')], shown, {
          NODE_EXTRA_CA_CERTS: shown.caPath,
        }),
    },
    {
      name: 'Python',
      functions: { get_notation: 'pyGetNotation', get_notation_results: 'pyGetNotationResults' },
      version: versionIn('python/requirements.txt', /^keeper-secrets-manager-core==(.+)$/m),
      read: (shown) =>
        readWith(python, [inProject('interop', 'python', 'read.py')], shown, {
          REQUESTS_CA_BUNDLE: shown.caPath,
        }),
    },
    {
      name: 'Rust',
      functions: { get_notation: 'rustGetNotation', get_notation_result: 'rustGetNotationResult' },
      version: versionIn('rust/Cargo.lock', /^name = "keeper-secrets-manager-core"\r?\nversion = "(.+)"$/m),
      read: (shown) => readByProxy(rust, shown),
    },
  ];
}

/**
 * Keeper's command line, installed if need be.
 *
 * @typedef {object} CommandLine
 * @property {string} name
 * @property {string} version
 * @property {(shown: Pick<Shown, 'keeper' | 'caPath'>, template: string) => Promise<string>} interpolate
 *
 * @returns {Promise<CommandLine>}
 */
export async function prepareCommandLine() {
  const python = await preparePython("Keeper's command line", 'interop-cli', 'cli-requirements.txt');
  return {
    name: 'ksm interpolate',
    version: versionIn('python/cli-requirements.txt', /^keeper-secrets-manager-cli==(.+)$/m),
    interpolate: (shown, template) => interpolate(python, shown, template),
  };
}

async function interpolate(python, { keeper, caPath }, template) {
  const folder = mkdtempSync(join(tmpdir(), 'ksm-interop-'));
  const [from, to] = [join(folder, 'template'), join(folder, 'filled')];
  try {
    writeFileSync(from, template);
    const program = inProject('interop', 'python', 'cli.py');
    const settings = { KSM_CONFIG: keeper.configBase64, REQUESTS_CA_BUNDLE: caPath, HOME: folder };
    await run(python, [program, 'interpolate', '-o', to, from], {
      cwd: folder,
      env: environment(settings),
      output: 'hidden',
    });
    return readFileSync(to, 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const versionIn = (file, pattern) =>
  readFileSync(inProject('interop', ...file.split('/')), 'utf8').match(pattern)?.[1] ?? 'unknown';

/**
 * Creates a virtual environment from a requirements file; returns its Python.
 *
 * @param {string} what
 * @param {string} name of its folder
 * @param {string} list
 */
async function preparePython(what, name, list) {
  const folder = inProject('.tools', name);
  const python =
    process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
  const requirements = inProject('interop', 'python', list);
  const stamp = fingerprint([requirements]);
  if (isStamped(join(folder, 'stamp'), stamp) && existsSync(python)) {
    return python;
  }
  const [program, ...args] = await findPython();
  await step(`Install ${what}`, async () => {
    rmSync(folder, { recursive: true, force: true });
    await run(program, [...args, '-m', 'venv', folder], {
      advice: 'install the package of your system that has `venv`, such as python3-venv',
    });
    // Two packages that the command line needs are available as sources only.
    const sources = '--no-binary=jsonpath-rw,jsonpath-rw-ext';
    const options = ['--quiet', '--disable-pip-version-check', '--only-binary=:all:', sources, '--no-deps'];
    await run(python, ['-m', 'pip', 'install', ...options, '-r', requirements], { advice: NETWORK_ADVICE });
    writeFileSync(join(folder, 'stamp'), stamp);
  });
  return python;
}

/** The command for a Python that is new enough. */
async function findPython() {
  const candidates = process.platform === 'win32' ? [['py', '-3'], ['python']] : [['python3'], ['python']];
  const check = `import sys; sys.exit(sys.version_info < (${OLDEST_PYTHON.replaceAll('.', ', ')}))`;
  for (const [program, ...args] of candidates) {
    const { code } = await execute(program, [...args, '-c', check], { output: 'hidden' });
    if (code === 0) return [program, ...args];
  }
  throw new Failure(
    `Python ${OLDEST_PYTHON} or later is needed, and none was found`,
    'install it from https://www.python.org or by your system and run the same command again',
  );
}

/** The reader that is built on Keeper's Rust SDK; returns its program. */
async function prepareRust() {
  const program = inProject('.tools', 'bin', executable('ksm-task-interop'));
  const stampPath = inProject('.tools', 'interop-rust-stamp');
  const sources = ['Cargo.toml', 'Cargo.lock', 'src/main.rs'].map((file) =>
    inProject('interop', 'rust', ...file.split('/')),
  );
  const stamp = fingerprint(sources, process.platform, process.arch);
  if (isStamped(stampPath, stamp) && existsSync(program)) {
    return program;
  }
  await step("Build a reader on Keeper's Rust SDK: some minutes", async () => {
    const target = inProject('target', 'interop');
    const manifest = inProject('interop', 'rust', 'Cargo.toml');
    await run('cargo', ['build', '--locked', '--manifest-path', manifest, '--target-dir', target], {
      advice: `${NETWORK_ADVICE}. If a compiler is missing: the SDK's TLS needs one for C`,
    });
    mkdirSync(dirname(program), { recursive: true });
    copyFileSync(join(target, 'debug', executable('ksm-task-interop')), program);
    writeFileSync(stampPath, stamp);
    // Frees over 400 MB, which are not needed until the next version.
    rmSync(target, { recursive: true, force: true });
  });
  return program;
}

/**
 * Keeper's Rust SDK asks the host of its config without the port, and has a setting for a proxy: ours takes what is
 * meant for port 443 to the embedded Keeper. TLS goes through it untouched.
 */
async function readByProxy(program, shown) {
  const [host] = shown.keeper.hostname.split(':');
  const proxy = await startProxy({ hosts: { [`${host}:443`]: shown.keeper.hostname } });
  try {
    return await readWith(program, [], shown, { SSL_CERT_FILE: shown.caPath, ...trust() }, proxy.url);
  } finally {
    await proxy.close();
  }
}

/** Elsewhere the SDK trusts the system's own store, which we must not change. */
const trust = () => (process.platform === 'linux' ? {} : { KSM_SKIP_VERIFY: 'true' });

/** Runs a reader with its input, and returns its answer. */
async function readWith(program, args, { keeper, notations, codes }, settings, proxy) {
  const child = spawn(program, args, {
    cwd: inProject(),
    env: environment(settings),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? undefined : `exit code ${code}`));
  });
  // A reader that can't be started takes no input either.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify({ config: keeper.configBase64, notations, codes, proxy }));
  const [output, complaints, failed] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (failed) {
    throw new Failure(`the reader ${[program, ...args].join(' ')} failed (${failed})\n${complaints}`);
  }
  return JSON.parse(output);
}

/** This process's environment, without what would send an SDK elsewhere. */
function environment(settings) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^KSM_|_PROXY$/i.test(name));
  return { ...Object.fromEntries(inherited), NO_PROXY: ['localhost', '127.0.0.1'].join(), ...settings };
}

/**
 * This extension's answers: the packed task, asked line by line for files, so that values can be compared byte by byte.
 * As it sets all or nothing, the lines that it refuses are left out until the others succeed.
 *
 * @param {string} taskFolder
 * @param {Pick<Shown, 'keeper' | 'caPath' | 'notations'>} shown
 * @param {number} [nowMs] the time at which its clock is stopped
 * @returns {Promise<Answer[]>}
 */
export async function readWithTask(taskFolder, { keeper, caPath, notations }, nowMs = 0) {
  const folder = mkdtempSync(join(tmpdir(), 'ksm-interop-'));
  const pathOf = (index) => join(folder, `${index}`);
  /** @type {Map<number, string>} */
  const refused = new Map();
  // The task's clock is stopped.
  keeper.sendsDate = false;
  try {
    for (;;) {
      const asked = [...notations.keys()].filter((index) => !refused.has(index));
      const lines = asked.map((index) => `${notations[index]} > file:${pathOf(index)}`);
      const run = await runTask({
        taskFolder,
        nodeArguments: ['--require', inProject('tests', 'task', 'fixed-clock.cjs')],
        secretVariables: { secret_config: keeper.configBase64 },
        inputs: { keepersecretconfig: '$(secret_config)', secrets: lines.join('\n') },
        environment: {
          NODE_EXTRA_CA_CERTS: caPath,
          FIXED_CLOCK: new Date(nowMs).toISOString(),
          NO_PROXY: 'localhost',
        },
      });
      await run.cleanUp();
      if (run.result !== 'Failed') break;
      const faulty = run.issues.flatMap(({ message }) => {
        const line = message.match(/^line (\d+), column \d+: (.+)/);
        return line ? [{ index: asked[Number(line[1]) - 1], problem: line[2] }] : [];
      });
      if (faulty.length === 0) throw new Failure(`the task failed:\n${run.log.join('\n')}`);
      faulty.forEach(({ index, problem }) => refused.set(index, problem));
    }
    return notations.map((_, index) =>
      refused.has(index)
        ? { error: String(refused.get(index)) }
        : { base64: readFileSync(pathOf(index)).toString('base64') },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
