/**
 * Runs all that a change has to pass: formatting, lints and types, then the tests unless `--fast` is given.
 */

import { build } from './build.js';
import { run, runPackage } from './commands.js';
import { reportFailure, runWhenCalled } from './failure.js';
import { step, stopwatch } from './progress.js';
import { setUp } from './setup.js';
import { test } from './test.js';

const CHECKS = [
  ['Formatting of Rust', () => cargo('fmt --check')],
  ['Formatting of the build tools', () => cargo('fmt --check --manifest-path tools/Cargo.toml')],
  [
    'Formatting of the reader on a Rust SDK',
    () => cargo('fmt --check --manifest-path interop/rust/Cargo.toml'),
  ],
  ['Formatting of everything else', checkFormatting],
  ['Lints, natively', () => cargo('clippy --locked --all-targets -- -D warnings')],
  [
    'Lints, for WebAssembly',
    () => cargo('clippy --locked --lib --test wasm --target wasm32-unknown-unknown -- -D warnings'),
  ],
  ['Types of the task', checkTypes],
];

function cargo(command) {
  return run('cargo', command.split(' '));
}

function checkFormatting() {
  return runPackage('prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.'], {
    advice: '`npx prettier --write .` formats these files',
  });
}

/** The types of the core are made by its build, so that comes first. */
async function checkTypes() {
  await build();
  await runPackage('typescript/bin/tsc', ['-p', 'tsconfig.json']);
}

/** Runs all checks, also after one has failed, and tells whether all passed. */
async function check() {
  await setUp();
  const seconds = stopwatch();
  const failed = [];
  for (const [title, passes] of CHECKS) {
    try {
      await step(title, passes);
    } catch (error) {
      reportFailure(error);
      failed.push(title);
    }
  }
  const verdict = failed.length === 0 ? 'all passed' : `failed: ${failed.join('; ')}`;
  console.log(`\n${CHECKS.length} checks, ${verdict} (${seconds()} s)`);
  return failed.length === 0;
}

await runWhenCalled(import.meta.url, async () => {
  const checked = await check();
  const tested = process.argv.includes('--fast') || (await test());
  process.exitCode = checked && tested ? 0 : 1;
});
