/** What the agent gives and takes: inputs, masks, messages, variables, the result. */

import * as tl from 'azure-pipelines-task-lib/task.js';
import { Files } from '../files/stage.js';
import { inOctal } from '../files/staged-file.js';
import { countMasks, drained, print, printIssue, printMask, printResult, watchOutput } from './commands.js';
import { readFiles, readInputs, readNetworkSettings } from './inputs.js';
import { Network, platformCipher } from '../network/network.js';
import { layOut } from './report.js';
import { job } from './secrets.js';

/** @typedef {import('../../pkg/core.js').Plan} Plan */

export const CANCELLED = 'the task was cancelled; nothing was set';

/** How long Keeper may take to answer if the author sets no limit, in milliseconds. */
const TIMEOUT_MS = 120_000;

/** So many problems are shown, and so many warnings about files; the others are counted. */
const MAX_ISSUES = 50;

/** The host of one run of the task. */
export class Host {
  #startedAt = Date.now();
  #cancellation = new AbortController();
  #isOver = false;
  #network;
  #files;
  #stopListening;

  constructor() {
    const { signal } = this.#cancellation;
    const cancel = () => this.#cancellation.abort();
    this.#network = new Network(signal, readNetworkSettings({ warn, log: print }));
    this.#files = new Files({
      signal,
      warn,
      print,
      announce: (announcement) => this.#announce(announcement),
      temporaryFolder: tl.getVariable('Agent.TempDirectory'),
      stagingFolder: tl.getVariable('Build.ArtifactStagingDirectory'),
      isKept: tl.getBoolInput('keepFiles'),
    });
    this.#stopListening = onCancel(cancel);
    watchOutput(cancel);
  }

  inputs() {
    return readInputs();
  }

  /** @returns {import('../../pkg/core.js').RunOptions} */
  options() {
    return { job, platform: process.platform, masksSoFar: countMasks(), timeoutMs: TIMEOUT_MS };
  }

  now() {
    return Date.now();
  }

  cipher() {
    return platformCipher();
  }

  isCancelled() {
    return this.#cancellation.signal.aborted;
  }

  /** @param {string[]} masks */
  mask(masks) {
    void inOneWrite(() => masks.forEach(printMask));
  }

  /** @param {{ level: 'info' | 'warning', text: string }[]} notices */
  notify(notices) {
    for (const { level, text } of notices) {
      if (level === 'warning') {
        warn(text);
      } else {
        print(text);
      }
    }
  }

  /** @param {string[]} paths of files that the author wrote */
  readAll(paths) {
    return readFiles(paths);
  }

  /**
   * @param {import('../../pkg/core.js').Request[]} requests
   * @param {import('../network/exchange.js').Seal} [seal] for what is to be sealed
   */
  fetchAll(requests, seal) {
    return Promise.all(requests.map((request) => this.#network.fetch(request, seal)));
  }

  /**
   * @param {import('../../pkg/core.js').Download[]} downloads
   * @param {import('../network/network.js').OpenDownload} open
   */
  async downloadAll(downloads, open) {
    await this.#files.expect(downloads.flatMap((download) => [download, ...download.twins]));
    return Promise.all(downloads.map((download) => this.#network.download(download, open, this.#files)));
  }

  /** @param {number} delayMs */
  wait(delayMs) {
    return this.#network.wait(delayMs);
  }

  /** Does all that the plan says, or nothing of it. @param {Plan} plan */
  async carryOut(plan) {
    const problems = await this.#files.stage(plan.files);
    // What was said so far is on its way, so that a slow agent does not take only a part of what comes now.
    await this.#drainedOrCancelled();
    if (problems.length === 0 && !this.isCancelled()) {
      problems.push(...(await this.#files.commit()));
    }
    if (problems.length > 0 || this.isCancelled()) {
      return this.fail(problems.length > 0 ? problems : [CANCELLED]);
    }
    const sizes = new Map(this.#files.list().map((file) => [file.line, describeFile(file)]));
    // From here on the run completes, unless the agent no longer listens.
    const isTaken = await inOneWrite(() => {
      plan.commands.forEach((command) => process.stdout.write(`${command}\n`));
      if (plan.report.rows.length > 0) {
        layOut(plan.report, sizes, Date.now() - this.#startedAt).forEach(print);
      }
      report(true);
    });
    if (!isTaken) {
      return this.fail([CANCELLED]);
    }
    this.#isOver = true;
    (await this.#files.keep()).forEach(warn);
  }

  /**
   * Reports why the task can't go on, and takes back what is on disk.
   *
   * @param {string[]} problems
   * @param {number} [more] how many more there are
   */
  async fail(problems, more = 0) {
    if (this.#isOver) {
      return;
    }
    this.#isOver = true;
    // What is under way, such as a download, must not write any more.
    this.#cancellation.abort();
    const left = await this.#files.rollBack();
    const shown = [...problems.slice(0, MAX_ISSUES), ...left.slice(0, MAX_ISSUES)];
    const hidden = more + Math.max(0, problems.length - MAX_ISSUES);
    const count = shown.length + hidden;
    const summary =
      hidden > 0
        ? `${count} problems, of which ${shown.length} are shown; nothing was set`
        : `${count} problems; nothing was set`;
    [...shown, ...(count > 1 ? [summary] : [])].forEach((problem) => printIssue('error', problem));
    report(false);
  }

  async close() {
    this.#cancellation.abort();
    this.#network.close();
    // Until then a signal must not end the process.
    if (!(await drained())) {
      process.exitCode = 1;
    }
    this.#stopListening();
  }

  /**
   * Has the agent hand the note of files to the post-job step. Its address is secret, as other steps could change the
   * note with it.
   *
   * @param {{ address: string, extent: string }} announcement
   */
  async #announce({ address, extent }) {
    tl.setTaskVariable('ksmFiles', address, true);
    tl.setTaskVariable('ksmFilesExtent', extent);
    await this.#drainedOrCancelled();
  }

  #drainedOrCancelled() {
    return Promise.race([drained(), aborted(this.#cancellation.signal)]);
  }
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
