/**
 * Simulates many jobs of one device against a Keeper that throttles, and writes docs/storm.md and its picture.
 */

import { run, runPackage } from './commands.js';
import { runWhenCalled } from './failure.js';
import { setUp } from './setup.js';

await runWhenCalled(import.meta.url, async () => {
  await setUp();
  await run('cargo', ['run', '--release', '--locked', '--example', 'storm']);
  await runPackage('prettier/bin/prettier.cjs', ['--write', 'docs/storm.md']);
});
