/**
 * Simulates many jobs of one device against a Keeper that throttles, and writes docs/storm.md and its picture.
 */

import { run, runPackage } from './commands.js';
import { runWhenCalled } from './failure.js';
import { setUp } from './setup.js';

async function storm() {
  await setUp();
  await run('cargo', ['run', '--release', '--locked', '--example', 'storm']);
  await runPackage('prettier/bin/prettier.cjs', ['--write', 'docs/storm.md']);
}

await runWhenCalled(import.meta.url, storm, {
  usage: 'npm run storm    simulates thousands of jobs of one device, and writes docs/storm.md',
});
