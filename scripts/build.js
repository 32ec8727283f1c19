/**
 * The build of the task: the core to WebAssembly (pkg/), then the shim and the core's glue into one script beside it
 * (dist/task/), which is all that the agent needs.
 */

import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cargoHome, describeRust, run, runPackage } from './commands.js';
import { Failure, runWhenCalled } from './failure.js';
import { fingerprint } from './fingerprint.js';
import { readIdentity } from './identity.js';
import { inProject, readJson, root } from './paths.js';
import { step } from './progress.js';
import { setUp } from './setup.js';
import { TASK_LIBRARY, leaveOutUnused } from './task-library.js';

// Features are named one by one: with all of them on, wasm-opt writes what no released Node can load. It runs twice, as
// the second pass finds a little more after the first.
const WASM_OPT_FLAGS = [
  '-Oz',
  '-Oz',
  // Functions with one caller are inlined only if they are small: the others are compiled only when they are called,
  // and compress better.
  '--one-caller-inline-max-function-size=50',
  '--enable-bulk-memory',
  '--enable-bulk-memory-opt',
  '--enable-sign-ext',
  '--enable-mutable-globals',
  '--enable-nontrapping-float-to-int',
  '--strip-debug',
  '--strip-producers',
  '--strip-target-features',
];

// SHA-2 without unrolled loops is a tenth of the size, and only few and short texts are hashed here.
const SMALL_HASHES = ['--cfg', 'sha2_backend_soft="compact"'];

// The oldest Node on which an agent could run the task.
const OLDEST_AGENT_NODE = 'node16';

const ENTRIES = ['main.js', 'cleanup.js'].map((name) => inProject('task', name));

// Both come with old versions of the task library and don't survive bundling.
const UNWANTED_PACKAGES = ['shelljs', 'nodejs-file-downloader'];

/**
 * Builds everything into dist/task. A readable bundle maps its lines to those of the sources; it is for measuring only.
 */
export async function build({ readable = false } = {}) {
  await setUp();
  await step('Compile the core to WebAssembly', compileCore);
  await optimizeCore();
  await step('Bundle the task', () => bundleTask(readable));
}

async function compileCore() {
  const options = '--release --target web --no-pack --no-gitignore --out-dir pkg --out-name core';
  await run(
    'wasm-pack',
    ['--log-level', 'warn', 'build', '--mode', 'no-install', ...options.split(' '), '--', '--locked'],
    { env: { WASM_PACK_CACHE: inProject('.tools', 'cache'), ...(await compilerSettings()) } },
  );
}

/**
 * Node 16 has no reference types. The standard library is compiled for them but uses none, so it is enough to turn them
 * off in our code, and to strip the note that says otherwise, which wasm-bindgen reads.
 */
async function compilerSettings() {
  const flags = ['-Ctarget-feature=-reference-types', ...SMALL_HASHES, ...(await pathRemapping())];
  return { CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f'), CARGO_PROFILE_RELEASE_STRIP: 'symbols' };
}

/** Flags that replace this machine's folders in panic messages, so that everybody builds the same bytes. */
async function pathRemapping() {
  const { commit, sysroot } = await describeRust();
  const registries = join(cargoHome(), 'registry', 'src');
  const registryFolders = existsSync(registries) ? readdirSync(registries) : [];
  return [
    [root, '/task'],
    [cargoHome(), '/cargo'],
    ...registryFolders.map((folder) => [join(registries, folder), '/crates']),
    [join(sysroot, 'lib', 'rustlib', 'src', 'rust'), `/rustc/${commit}`],
  ].map(([here, everywhere]) => `--remap-path-prefix=${here}=${everywhere}`);
}

/** Shrinks the module in place. The last result is cached, since this takes most of a build's time. */
async function optimizeCore() {
  const module = inProject('pkg', 'core_bg.wasm');
  const { version } = readJson(inProject('node_modules', 'binaryen', 'package.json'));
  const key = fingerprint([module], version, ...WASM_OPT_FLAGS);
  const kept = inProject('.tools', 'wasm-opt', `${key}.wasm`);
  if (!existsSync(kept)) {
    await step('Shrink the module', async () => {
      rmSync(dirname(kept), { recursive: true, force: true });
      mkdirSync(dirname(kept), { recursive: true });
      await runPackage('binaryen/bin/wasm-opt', [...WASM_OPT_FLAGS, module, '-o', `${kept}.part`]);
      renameSync(`${kept}.part`, kept);
    });
  }
  copyFileSync(kept, module);
}

async function bundleTask(readable) {
  const folder = inProject('dist', 'task');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // Makes the bundle CommonJS here too; on an agent there is no package.json above it.
  writeFileSync(inProject('dist', 'package.json'), '{ "type": "commonjs" }\n');

  const { build: bundle } = await import('esbuild');
  const { metafile } = await bundle({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: OLDEST_AGENT_NODE,
    format: 'cjs',
    define: {
      // CommonJS has its own name for a script's folder.
      'import.meta.dirname': '__dirname',
      'process.env.KSM_SUPPORT': JSON.stringify(readIdentity().support),
    },
    minify: !readable,
    ...(readable && { sourcemap: 'inline', sourcesContent: false, sourceRoot: `${pathToFileURL(folder)}/` }),
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // wasm-bindgen's glue has a second way to load the core, for browsers, which is left out.
    logOverride: { 'empty-import-meta': 'silent' },
    plugins: [leaveOutUnused()],
  });
  const packages = bundledPackages(metafile);
  checkPackages(packages);
  checkVault(metafile);
  // For the notices and the bill of materials.
  writeFileSync(inProject('dist', 'bundled-packages.json'), JSON.stringify(packages));

  const besideTheBundle = [
    inProject('pkg', 'core_bg.wasm'),
    inProject('task', 'task.json'),
    inProject('task', 'icon.png'),
  ];
  besideTheBundle.filter(existsSync).forEach((file) => copyFileSync(file, join(folder, basename(file))));
}

/** The folders of the packages that are bundled into the scripts. */
function bundledPackages({ outputs }) {
  const sources = Object.values(outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((source) => inputs[source].bytesInOutput > 0),
  );
  return [...new Set(sources.map(packageFolder).filter(Boolean))].sort();
}

/** Fails if the bundle contains what it should not: a second task library, or what can't be bundled. */
function checkPackages(folders) {
  const named = (name) => folders.filter((folder) => folder.endsWith(`node_modules/${name}`));
  const libraries = named(TASK_LIBRARY);
  if (libraries.length !== 1) {
    throw new Failure(`the bundle holds ${libraries.length} copies of ${TASK_LIBRARY} instead of one`);
  }
  const unwanted = UNWANTED_PACKAGES.flatMap(named);
  if (unwanted.length > 0) {
    throw new Failure(`the bundle holds ${unwanted.join(', ')}`);
  }
}

/** Fails if the task library's own vault is bundled, since it would leave a key on the disk. */
function checkVault({ inputs }) {
  if (Object.keys(inputs).some((source) => source.endsWith(`${TASK_LIBRARY}/vault.js`))) {
    throw new Failure(`the bundle holds the vault of ${TASK_LIBRARY} instead of ours`);
  }
}

/** The folder of the npm package that a source file is from, if it is from one. */
const packageFolder = (source) => source.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];

await runWhenCalled(import.meta.url, () => build(), {
  usage: 'npm run build    the WebAssembly module in pkg/, the task in dist/task/',
});
