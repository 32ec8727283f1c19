/** Files that may leave the agent with the build's products. */

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { isInside } from './same-file.js';

/**
 * Why a file may be published, or nothing.
 *
 * @param {string} target an absolute path
 * @param {string | undefined} stagingFolder where the pipeline gathers its artifacts
 */
export function whyItMayBePublished(target, stagingFolder) {
  if (stagingFolder && isInside(target, stagingFolder)) {
    return 'it lies in the artifact staging directory';
  }
  return isLooseInGit(target) ? 'it lies in a git work tree, which does not ignore it' : undefined;
}

/** @param {string} target */
function isLooseInGit(target) {
  let folder = path.dirname(target);
  while (!fs.existsSync(path.join(folder, '.git'))) {
    if (folder === path.dirname(folder)) {
      return false;
    }
    folder = path.dirname(folder);
  }
  // A repository's own settings must not start programs from here.
  const settings = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath='];
  const options = /** @type {const} */ ({ stdio: 'ignore', timeout: 5_000, windowsHide: true });
  const { status } = spawnSync(
    'git',
    [...settings, '-C', folder, 'check-ignore', '--quiet', '--', target],
    options,
  );
  // 0: ignored, 1: not; anything else, or no git at all, tells nothing.
  return status === 1;
}
