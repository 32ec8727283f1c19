/**
 * The matrix of faults (tests/network) on each version of Node that an agent may have. Missing versions are installed into
 * `.tools`, where `npm test` finds them from then on.
 */

import { run } from './commands.js';
import { runWhenCalled } from './failure.js';
import { packageExtension } from './package.js';
import { installNode } from './nodes.js';

// The versions that the task is made for, and the one that old agents fall back to.
const MAJORS = [16, 20, 24];

async function matrix() {
  for (const major of process.platform === 'linux' ? MAJORS : []) {
    await installNode(major);
  }
  await packageExtension();
  await run(process.execPath, ['--test', '--test-reporter=spec', 'tests/network/matrix.test.js']);
}

await runWhenCalled(import.meta.url, matrix, {
  usage:
    'npm run matrix    the faults of the network on each version of Node that an agent may have; installs Nodes',
});
