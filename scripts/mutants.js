/**
 * Mutation testing: cargo-mutants changes the core in one place after another, and each change has to make a test fail.
 * `.cargo/mutants.toml` says where, with which tests, and what is left out and why. Arguments are passed on, as in `npm
 * run mutants -- --re vault/totp`.
 */

import { run } from './commands.js';
import { runWhenCalled } from './failure.js';
import { setUp, setUpCargoCommand } from './setup.js';

const VERSION = '27.1.0';

await runWhenCalled(import.meta.url, async () => {
  await setUp();
  await setUpCargoCommand('mutants', VERSION);
  // It shows its own progress.
  await run('cargo', ['mutants', ...process.argv.slice(2)], {
    advice: 'write a test that fails for each change that was missed; `target/mutants.out/diff` shows them',
  });
});
