/**
 * Set-up of a fresh clone: the Rust toolchain, the npm packages and the build tools, each only if it is missing.
 * Expects git, Node, rustup and a C compiler; installs nothing outside the project except through rustup.
 */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execute, executeBatch, run, runBatch } from './commands.js';
import { Failure, runWhenCalled } from './failure.js';
import { fingerprint, isStamped } from './fingerprint.js';
import { executable, inProject, readJson } from './paths.js';
import { step } from './progress.js';

const OLDEST_NODE = 20;
const WASM_TARGET = 'wasm32-unknown-unknown';
const NETWORK_ADVICE =
  'check the network, or the proxy in HTTPS_PROXY, and run the same command again; what is done stays done';
const NETWORK_LIMIT_MS = 15_000;

// rustc refuses a crate called wasm-bindgen, so these are built under other names.
const TOOLS = { wbg: 'wasm-bindgen', 'wbg-test-runner': 'wasm-bindgen-test-runner', 'wbg-pack': 'wasm-pack' };

let prepared;

/** Makes sure that everything is there. Looks only once, however many scripts ask. */
export const setUp = () => (prepared ??= prepare());

/**
 * Makes sure that a cargo command is installed in exactly this version, for scripts that need more than the build does.
 *
 * @param {string} command such as `mutants`, of the crate `cargo-mutants`
 * @param {string} version
 */
export async function setUpCargoCommand(command, version) {
  const crate = `cargo-${command}`;
  const { code, stdout } = await execute(crate, [command, '--version'], { output: 'hidden' });
  if (code === 0 && stdout.trim().split(' ').includes(version)) {
    return;
  }
  await step(`Build ${crate} ${version}, once: some minutes`, () =>
    run('cargo', ['install', '--locked', '--quiet', '--debug', '--root', '.tools', `${crate}@${version}`], {
      advice: NETWORK_ADVICE,
    }),
  );
}

/** Makes sure that the toolchain has its coverage tools. */
export async function setUpCoverageTools() {
  const { stdout } = await run('rustc', ['--print', 'target-libdir'], { output: 'hidden' });
  if (!existsSync(join(stdout.trim(), '..', 'bin', executable('llvm-cov')))) {
    await step('Add the coverage tools of Rust', () => rustup('component', 'add', 'llvm-tools'));
  }
}

async function prepare() {
  checkNode();
  if (!areToolsBuilt()) {
    await checkCompiler();
  }
  await prepareRust();
  await installPackages();
  await buildTools();
}

function checkNode() {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    throw new Failure(
      `Node ${OLDEST_NODE} or later is needed; this is ${process.version}`,
      'install a current Node from https://nodejs.org and run the same command again',
    );
  }
}

/** Checks for a C compiler, with which Rust links programs, including the build tools. */
async function checkCompiler() {
  const isOwn = Object.keys(process.env).some((name) => /^CARGO_TARGET_\w+_LINKER$/.test(name));
  if (process.platform === 'win32' || isOwn) {
    return;
  }
  const program = ['-x', 'c', '-', '-o', '/dev/null'];
  const { code, stderr } = await execute('cc', program, { output: 'hidden', input: 'int main(){return 0;}' });
  if (code !== 0) {
    throw new Failure(
      `there is no C compiler, which Rust needs to link programs: \`cc\` ${code === undefined ? 'could not be started' : `failed\n${stderr.trimEnd()}`}`,
      'install one, for example by `apt-get install build-essential`, `dnf install gcc` or `xcode-select --install`, and run ' +
        'the same command again',
    );
  }
}

let asked;

/** Fails early if there is no network. Checks once, and only if something has to be fetched. */
const checkNetwork = () => (asked ??= step("Reach npm's registry", askRegistry));

async function askRegistry() {
  const args = ['ping', '--fetch-retries=0', `--fetch-timeout=${NETWORK_LIMIT_MS}`];
  const { code, stderr } = await executeBatch('npm', args, { output: 'hidden', timeoutMs: NETWORK_LIMIT_MS });
  // A company's registry may not support `ping`, but it answers.
  if (code !== 0 && !/\bE[45]\d\d\b/.test(stderr)) {
    const reason =
      stderr.match(/^npm error (?:code )?(E\w+)$/m)?.[1] ?? `no answer within ${NETWORK_LIMIT_MS / 1000} s`;
    throw new Failure(`there is no network: npm's registry cannot be reached (${reason})`, NETWORK_ADVICE);
  }
}

async function prepareRust() {
  const wasmLibraries = await findWasmLibraries();
  if (wasmLibraries === undefined) {
    await installToolchain();
  } else if (!existsSync(wasmLibraries)) {
    await checkNetwork();
    await step(`Add the Rust target ${WASM_TARGET}`, () => rustup('target', 'add', WASM_TARGET));
  }
}

/** The folder of the target's libraries in the toolchain, if they are installed. */
async function findWasmLibraries() {
  const { code, stdout } = await execute('rustc', ['--print', 'target-libdir', '--target', WASM_TARGET], {
    output: 'hidden',
    // Keeps rustup from silently installing the toolchain right here.
    env: { RUSTUP_AUTO_INSTALL: '0' },
  });
  return code === 0 ? stdout.trim() : undefined;
}

async function installToolchain() {
  const { code } = await execute('rustup', ['--version'], { output: 'hidden' });
  if (code !== 0) {
    throw new Failure(
      'Rust is not installed: neither `rustc` nor `rustup` could be started',
      'install rustup as https://rustup.rs describes and run the same command again',
    );
  }
  await checkNetwork();
  const [, channel] = readFileSync(inProject('rust-toolchain.toml'), 'utf8').match(/channel = "(.+)"/);
  const parts = ['-c', 'clippy', '-c', 'rustfmt', '-t', WASM_TARGET];
  await step(`Install the Rust toolchain ${channel}`, () =>
    rustup('toolchain', 'install', channel, '--no-self-update', '--profile', 'minimal', ...parts),
  );
}

const rustup = (...args) => run('rustup', args, { advice: NETWORK_ADVICE });

async function installPackages() {
  if (packagesAreInstalled()) {
    return;
  }
  await checkNetwork();
  // No package here needs its install script; esbuild's program comes as a package of its own.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  await step('Install the npm packages', () => runBatch('npm', args, { advice: NETWORK_ADVICE }));
}

/** Whether npm's list of installed packages matches the lock file. */
function packagesAreInstalled() {
  const installedList = inProject('node_modules', '.package-lock.json');
  if (!existsSync(installedList)) {
    return false;
  }
  const installed = readJson(installedList).packages;
  const { '': _project, ...locked } = readJson(inProject('package-lock.json')).packages;
  // An optional package may be for other platforms.
  return Object.entries(locked).every(([folder, { version, optional }]) =>
    installed[folder] ? installed[folder].version === version : optional,
  );
}

async function buildTools() {
  if (areToolsBuilt()) {
    return;
  }
  await checkNetwork();
  await step('Build wasm-bindgen and wasm-pack, once: some minutes', async () => {
    const command = 'build --locked --manifest-path tools/Cargo.toml --target-dir tools/target';
    await run('cargo', command.split(' '), { advice: NETWORK_ADVICE });
    mkdirSync(inProject('.tools', 'bin'), { recursive: true });
    for (const [built, tool] of Object.entries(TOOLS)) {
      copyFileSync(inProject('tools', 'target', 'debug', executable(built)), toolPath(tool));
    }
    writeFileSync(STAMP, stampOfTools());
    // Frees over 600 MB, which are not needed until the next version.
    rmSync(inProject('tools', 'target'), { recursive: true, force: true });
  });
}

const STAMP = inProject('.tools', 'stamp');

const areToolsBuilt = () =>
  isStamped(STAMP, stampOfTools()) && Object.values(TOOLS).every((tool) => existsSync(toolPath(tool)));

const stampOfTools = () => fingerprint(toolSources(), process.platform, process.arch);

function toolSources() {
  const programs = readdirSync(inProject('tools', 'src')).sort();
  return [
    inProject('tools', 'Cargo.toml'),
    inProject('tools', 'Cargo.lock'),
    ...programs.map((file) => inProject('tools', 'src', file)),
  ];
}

const toolPath = (tool) => inProject('.tools', 'bin', executable(tool));

await runWhenCalled(
  import.meta.url,
  async () => {
    await setUp();
    console.log('Everything is in place.');
  },
  { usage: 'npm run setup    makes ready what building and testing need, where it is missing' },
);
