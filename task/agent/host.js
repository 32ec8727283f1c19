/** What the agent gives and takes: inputs, masks, messages, variables, the result. */

import * as tl from 'azure-pipelines-task-lib/task.js';
import { Files } from '../files/stage.js';
import { inOctal } from '../files/staged-file.js';
import { countMasks, drained, print, printIssue, printMask, printResult, watchOutput } from './commands.js';
import { readFiles, readInputs, readNetworkSettings } from './inputs.js';
import { Network, platformCipher } from '../network/network.js';
import { layOut } from './report.js';
import { job } from './secrets.js';

/** @typedef {ReturnType<typeof createHost>} Host */
/** @typedef {import('../../pkg/core.js').Plan} Plan */

export const CANCELLED = 'the task was cancelled; nothing was set';

/** How long Keeper may take to answer if the author sets no limit, in milliseconds. */
const TIMEOUT_MS = 120_000;

/** So many problems are shown, and so many warnings about files; the others are counted. */
const MAX_ISSUES = 50;

/** The host for one run of the task. */
export function createHost() {
  const startedAt = Date.now();
  const cancellation = new AbortController();
  const network = new Network(cancellation.signal, readNetworkSettings({ warn, log: print }));
  const files = new Files({
    signal: cancellation.signal,
    warn,
    print,
    // The address is secret, as other steps could change the note with it.
    async announce({ address, extent }) {
      tl.setTaskVariable('ksmFiles', address, true);
      tl.setTaskVariable('ksmFilesExtent', extent);
      await Promise.race([drained(), aborted(cancellation.signal)]);
    },
    temporaryFolder: tl.getVariable('Agent.TempDirectory'),
    stagingFolder: tl.getVariable('Build.ArtifactStagingDirectory'),
    isKept: tl.getBoolInput('keepFiles'),
  });
  const stopListening = onCancel(() => cancellation.abort());
  watchOutput(() => cancellation.abort());
  let isOver = false;

  return {
    inputs: readInputs,
    /** @returns {import('../../pkg/core.js').RunOptions} */
    options: () => ({
      job,
      platform: process.platform,
      masksSoFar: countMasks(),
      timeoutMs: TIMEOUT_MS,
    }),
    now: () => Date.now(),
    cipher: platformCipher,
    isCancelled: () => cancellation.signal.aborted,

    /** @param {string[]} masks */
    mask: (masks) => inOneWrite(() => masks.forEach(printMask)),

    /** @param {{ level: 'info' | 'warning', text: string }[]} notices */
    notify(notices) {
      for (const { level, text } of notices) {
        if (level === 'warning') {
          warn(text);
        } else {
          print(text);
        }
      }
    },

    /** @param {string[]} paths of files that the author wrote @returns {import('../../pkg/core.js').FileOutcome[]} */
    readAll: readFiles,

    /**
     * @param {import('../../pkg/core.js').Request[]} requests
     * @param {import('../network/exchange.js').Seal} [seal] for what is to be sealed
     */
    fetchAll: (requests, seal) => Promise.all(requests.map((request) => network.fetch(request, seal))),

    /**
     * @param {import('../../pkg/core.js').Download[]} downloads
     * @param {import('../network/network.js').OpenDownload} open
     */
    async downloadAll(downloads, open) {
      await files.expect(downloads.flatMap((download) => [download, ...download.twins]));
      return Promise.all(downloads.map((download) => network.download(download, open, files)));
    },

    /** @param {number} delayMs */
    wait: (delayMs) => network.wait(delayMs),

    /** Does all that the plan says, or nothing of it. @param {Plan} plan */
    async carryOut(plan) {
      const problems = await files.stage(plan.files);
      // What was said so far is on its way, so that a slow agent does not take only a part of what comes now.
      await Promise.race([drained(), aborted(cancellation.signal)]);
      if (problems.length === 0 && !this.isCancelled()) {
        problems.push(...(await files.commit()));
      }
      if (problems.length > 0 || this.isCancelled()) {
        return this.fail(problems.length > 0 ? problems : [CANCELLED]);
      }
      const sizes = new Map(files.list().map((file) => [file.line, describeFile(file)]));
      // From here on the run completes, unless the agent no longer listens.
      const isTaken = await inOneWrite(() => {
        plan.commands.forEach((command) => process.stdout.write(`${command}\n`));
        if (plan.report.rows.length > 0) {
          layOut(plan.report, sizes, Date.now() - startedAt).forEach(print);
        }
        report(true);
      });
      if (!isTaken) {
        return this.fail([CANCELLED]);
      }
      isOver = true;
      (await files.keep()).forEach(warn);
    },

    /**
     * Reports why the task can't go on, and takes back what is on disk.
     *
     * @param {string[]} problems
     * @param {number} [more] how many more there are
     */
    async fail(problems, more = 0) {
      if (isOver) {
        return;
      }
      isOver = true;
      // What is under way, such as a download, must not write any more.
      cancellation.abort();
      const shown = [...problems.slice(0, MAX_ISSUES), ...(await files.rollBack()).slice(0, MAX_ISSUES)];
      const hidden = more + Math.max(0, problems.length - MAX_ISSUES);
      const count = shown.length + hidden;
      const summary =
        hidden > 0
          ? `${count} problems, of which ${shown.length} are shown; nothing was set`
          : `${count} problems; nothing was set`;
      [...shown, ...(count > 1 ? [summary] : [])].forEach((problem) => printIssue('error', problem));
      report(false);
    },

    async close() {
      cancellation.abort();
      network.close();
      // Until then a signal must not end the process.
      if (!(await drained())) {
        process.exitCode = 1;
      }
      stopListening();
    },
  };
}

/** Reports the one result. From here on the exit code does not count. @param {boolean} hasSucceeded */
function report(hasSucceeded) {
  printResult(hasSucceeded);
  process.exitCode = 0;
}

/**
 * Prints many lines by few calls of the system, where it takes several at once: on Windows it does not.
 *
 * @param {() => void} printAll
 * @returns {Promise<boolean>} whether the agent took them, once they have left
 */
function inOneWrite(printAll) {
  process.stdout.cork();
  try {
    printAll();
  } finally {
    process.stdout.uncork();
  }
  return drained();
}

/** @param {string} text */
const warn = (text) => printIssue('warning', text);

/** @param {ReturnType<Files['list']>[number]} file */
function describeFile({ size, mode }) {
  // Windows knows no modes.
  const octal = process.platform === 'win32' ? '' : `, mode ${inOctal(mode)}`;
  return `${size} ${size === 1 ? 'byte' : 'bytes'}${octal}`;
}

/** @param {AbortSignal} signal @returns {Promise<void>} */
const aborted = (signal) =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve());
    if (signal.aborted) {
      resolve();
    }
  });

/**
 * The agent cancels by SIGINT and then SIGTERM, on Windows by SIGINT and then SIGBREAK; a terminal that closes says
 * SIGHUP.
 *
 * @param {() => void} cancel
 * @returns {() => void}
 */
function onCancel(cancel) {
  /** @type {NodeJS.Signals[]} */
  const signals =
    process.platform === 'win32' ? ['SIGINT', 'SIGBREAK', 'SIGHUP'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];
  signals.forEach((signal) => process.on(signal, cancel));
  return () => signals.forEach((signal) => process.off(signal, cancel));
}
