/**
 * All that a change has to pass: formatting, lints and types, then the tests unless `--fast` is given. The end of the log
 * says what failed and why.
 */

import { build } from './build.js';
import { run, runPackage } from './commands.js';
import { describeFailure, runWhenCalled } from './failure.js';
import { step, stopwatch } from './progress.js';
import { setUp } from './setup.js';
import { test } from './test.js';
import { printVerdict } from './verdict.js';

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
  return run('cargo', command.split(' '), { output: 'hidden' });
}

function checkFormatting() {
  return runPackage('prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.'], {
    output: 'hidden',
    advice: '`npx prettier --write .` formats these files',
  });
}

/** The types of the core are made by its build, so that comes first. */
async function checkTypes() {
  await build();
  await runPackage('typescript/bin/tsc', ['-p', 'tsconfig.json'], { output: 'hidden' });
}

/** Runs all checks, also after one has failed. */
async function check() {
  await setUp();
  const outcomes = [];
  for (const [name, passes] of CHECKS) {
    const seconds = stopwatch();
    try {
      await step(name, passes);
      outcomes.push({ name, passed: 1, failed: 0, seconds: seconds() });
    } catch (error) {
      const report = describeFailure(error);
      console.error(report);
      outcomes.push({ name, passed: 0, failed: 1, seconds: seconds(), report });
    }
  }
  return outcomes;
}

const USAGE = `\
npm run check              formatting, lints, types, then all tests
npm run check -- --fast    without the tests`;

await runWhenCalled(
  import.meta.url,
  async ({ fast }) => {
    const checked = await check();
    const tested = fast ? [] : await test();
    const outcomes = [...checked, ...tested];
    printVerdict(outcomes);
    process.exitCode = outcomes.every(({ failed }) => failed === 0) ? 0 : 1;
  },
  { usage: USAGE, options: { fast: { type: 'boolean' } } },
);
