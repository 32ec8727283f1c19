/**
 * The post-job step: files that the task wrote outside the agent's temporary folder are removed, if they are still the
 * ones it wrote. It runs whatever became of the job, so it never fails it, and it loads nothing but Node.
 */

import fs from 'node:fs';
import { identify } from './files/same-file.js';

/** @typedef {import('./files/same-file.js').WrittenFile} WrittenFile */

for (const file of writtenFiles()) {
  try {
    remove(file);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    warn(`could not remove ${file.path} (${code ?? 'unknown'}); remove it by hand, it holds a secret`);
  }
}
process.stdout.write('##vso[task.complete result=Succeeded;]\n');

/**
 * What the main step left in its task variable; nothing if it did not run or wrote nothing.
 *
 * @returns {WrittenFile[]}
 */
function writtenFiles() {
  try {
    return JSON.parse(process.env.VSTS_TASKVARIABLE_KSMFILES ?? '[]');
  } catch {
    return [];
  }
}

/** @param {WrittenFile} file */
function remove(file) {
  const found = identify(file.path);
  if (!found) {
    return;
  }
  if (found.identity !== file.identity) {
    warn(`${file.path} was changed since the task wrote it, so it stays`);
    return;
  }
  fs.unlinkSync(file.path);
  print(`Removed ${file.path}`);
}

/** @param {string} text */
function warn(text) {
  const escaped = text.replaceAll('%', '%AZP25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  process.stdout.write(`##vso[task.logissue type=warning]${escaped}\n`);
}

/** @param {string} text */
function print(text) {
  process.stdout.write(`${text.replace(/#(?=#)/g, '# ').replaceAll(/[\r\n]/g, ' ')}\n`);
}
