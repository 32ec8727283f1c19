/**
 * Runs the tests of the packed task on Windows' own Node, under Wine. `-- --node 24` takes another version of Node, further
 * words name the test files that are wanted, and `--where-possible` leaves out what this machine can't do, as CI does.
 */

import { availableParallelism } from 'node:os';
import { Failure, Misuse, describeFailure, runWhenCalled } from './failure.js';
import { packageExtension } from './package.js';
import { stopwatch } from './progress.js';
import { setUp } from './setup.js';
import { judgeEndToEnd, listEndToEnd } from './test.js';
import { failedFiles, printVerdict } from './verdict.js';
import { MAJORS, NoWine, runOnWindows, setUpWindows } from './wine.js';

// A whole run takes five minutes on two cores.
const LIMIT_MS = 20 * 60_000;
const SIDE_BY_SIDE = `--test-concurrency=${availableParallelism()}`;

/** @param {Record<string, any>} values @param {string[]} words */
async function runOnWine(values, words) {
  const major = Number(values.node);
  if (!MAJORS.includes(major)) {
    throw new Misuse(`there is no Node ${values.node} here`, `choose from ${MAJORS.join(', ')}`);
  }
  const windows = await setUpWhere(major, values['where-possible']);
  if (windows) {
    const outcome = await test(windows, words);
    printVerdict([outcome]);
    process.exitCode = outcome.failed === 0 ? 0 : 1;
  }
}

/** @returns {Promise<import('./wine.js').WindowsNode | undefined>} undefined if it is missing and may be */
async function setUpWhere(major, mayBeMissing) {
  if (process.platform === 'win32') {
    throw new Failure('this is Windows', '`npm test` runs the same tests here');
  }
  try {
    return await setUpWindows(major);
  } catch (error) {
    if (!(mayBeMissing && error instanceof NoWine)) {
      throw error;
    }
    console.log(`Tests on Windows were skipped: ${describeFailure(error)}`);
    return undefined;
  }
}

async function test(windows, wanted) {
  const { nodeVersion, wineVersion } = windows;
  const title = `The packed task on Node ${nodeVersion} for Windows, under Wine ${wineVersion}`;
  await setUp();
  await packageExtension();
  console.log(`\n━━ ${title}`);
  const seconds = stopwatch();
  const files = listEndToEnd((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)));
  const first = await runFiles(windows, files);
  printSkipped(first.stdout);
  // Wine itself fails at times, especially under load, so what failed runs once more, alone.
  const failed = failedFiles(first.stdout);
  const last = first.failed > 0 && failed.length > 0 ? await runAgain(windows, failed) : first;
  return {
    name: `windows, node ${nodeVersion}`,
    passed: first.passed + (first.failed - last.failed),
    failed: last.failed,
    report: last.report,
    seconds: seconds(),
  };
}

/** @param {import('./wine.js').WindowsNode} windows @param {string[]} files */
async function runFiles(windows, files) {
  const args = ['--test', '--test-reporter=spec', SIDE_BY_SIDE, ...files];
  const { code, stdout, hasEnded } = await runOnWindows(windows, args, { limitMs: LIMIT_MS });
  const outcome = judgeEndToEnd(hasEnded ? code : 1, stdout);
  const late = hasEnded ? [] : [`The tests did not end within ${LIMIT_MS / 60_000} minutes.`];
  return { ...outcome, stdout, report: [...late, outcome.report ?? ''].join('\n') };
}

/** Runs what failed once more, and returns the outcome. */
async function runAgain(windows, files) {
  console.log(`\n━━ Once more, what failed: ${files.join(', ')}`);
  const again = await runFiles(windows, files);
  console.log(again.failed === 0 ? '\nIt passed when it ran by itself.' : '\nIt failed again.');
  return again;
}

/** Prints the tests that could not run here, each with its reason. */
function printSkipped(stdout) {
  const skipped = [...stdout.matchAll(/^\s*﹣ (.*?) \([\d.]+ms\) # (.*)$/gm)];
  console.log(`\nSkipped: ${skipped.length}`);
  for (const [, name, reason] of skipped) {
    console.log(`  ${name.trim()}: ${reason.trim()}`);
  }
}

await runWhenCalled(import.meta.url, runOnWine, {
  usage: `\
npm run windows                        the end-to-end tests on Windows' own Node, under Wine
npm run windows -- FILE ...            those files of them
npm run windows -- --node 24           on another version of Node
npm run windows -- --where-possible    leaves out what this machine can't do`,
  options: {
    node: { type: 'string', default: '20' },
    'where-possible': { type: 'boolean', default: false },
  },
  takesWords: true,
});
