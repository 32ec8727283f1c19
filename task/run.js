/** One run of the task: the core says what is needed, Node does it, until one outcome is reported. */

import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import * as tl from 'azure-pipelines-task-lib/task.js';
import { Run } from '../pkg/core.js';
import * as agent from './agent/commands.js';
import { readFiles, readInputs, readNetworkSettings } from './agent/inputs.js';
import { job } from './agent/secrets.js';
import { isWindows } from './files/disk.js';
import { Files } from './files/stage.js';
import { Network, platformCipher } from './network/network.js';

/** @import { Next, Plan } from '../pkg/core.js' */

const CANCELLED = 'the task was cancelled; nothing was set';
const STUCK = `the task waited for something that could not come any more; nothing was set\nhint: ${agent.PLEASE_REPORT}`;

/** So many problems are shown, and so many warnings about files; the others are counted. */
const MAX_ISSUES = 50;

/** Runs the task and reports its outcome to the agent. */
export async function performTask() {
  const task = new Task();
  task.reportDefects();
  try {
    await task.perform();
  } catch (error) {
    await task.fail([agent.describeDefect(error)]);
  } finally {
    await task.close();
    // All that was printed has left. What Node has in memory need not be taken apart.
    process.exit();
  }
}

class Task {
  #startedAt = Date.now();
  #cancellation = new AbortController();
  #isOver = false;
  /** The end of a run that failed, for all who report why. @type {Promise<void> | undefined} */
  #ending;
  #network;
  #files;
  #stopListening;

  constructor() {
    const { signal } = this.#cancellation;
    const cancel = () => this.#cancellation.abort();
    this.#network = new Network(signal, readNetworkSettings());
    this.#files = new Files({
      signal,
      warn: agent.warn,
      print: agent.print,
      announce: (announcement) => this.#announce(announcement),
      isKept: tl.getBoolInput('keepFiles'),
    });
    this.#stopListening = onCancel(cancel);
    agent.watchOutput(cancel);
  }

  /**
   * Takes the place of the task library, which would report uncaught errors in its own words: the agent sends those to
   * the server unmasked.
   */
  reportDefects() {
    for (const event of ['uncaughtException', 'unhandledRejection']) {
      process.removeAllListeners(event).on(event, (defect) => this.fail([agent.describeDefect(defect)]));
    }
    // Nothing is under way any more, and still the run waits for something.
    process.once('beforeExit', () => this.fail([STUCK]).then(() => this.close()));
  }

  async perform() {
    const options = { job, platform: process.platform, masksSoFar: agent.countMasks() };
    const run = new Run(readInputs(), options, platformCipher(), Date.now());
    try {
      await this.#follow(run);
    } finally {
      // Keys and values are wiped with it.
      run.free();
    }
  }

  /** @param {Run} run */
  async #follow(run) {
    for (;;) {
      const { masks, notices, next } = run.step();
      void agent.inOneWrite(() => masks.forEach(agent.printMask));
      notices.forEach(({ level, text }) => (level === 'warning' ? agent.warn : agent.print)(text));
      if (this.#isCancelled()) {
        return this.fail([CANCELLED]);
      }
      if ('problems' in next) {
        return this.fail(next.problems.first, next.problems.more);
      }
      if ('finish' in next) {
        return this.#carryOut(next.finish, run);
      }
      await this.#take(next, run);
      // A signal that came while the core computed is heard now.
      await setImmediate();
    }
  }

  /**
   * Does what a step asks for, and hands what comes of it to the run.
   *
   * @param {Exclude<Next, { problems: unknown } | { finish: unknown }>} next
   * @param {Run} run
   */
  async #take(next, run) {
    if ('read' in next) {
      run.haveRead(readFiles(next.read), Date.now());
    } else if ('ask' in next) {
      const [outcome] = await this.#network.fetchAll([next.ask], () => run.seal());
      run.haveAsked(outcome, Date.now());
    } else if ('fetch' in next) {
      run.haveLoaded(await this.#network.fetchAll(next.fetch), Date.now());
    } else if ('download' in next) {
      await this.#files.expect(next.download.flatMap((download) => [download, ...download.twins]));
      const open = run.openDownload.bind(run);
      run.haveLoaded(await this.#network.downloadAll(next.download, open, this.#files), Date.now());
    } else {
      await this.#network.wait(next.waitMs);
      run.haveWaited(Date.now());
    }
  }

  /**
   * Does all that the plan says, or nothing of it.
   *
   * @param {Plan} plan
   * @param {Run} run
   */
  async #carryOut({ commands, files }, run) {
    const problems = await this.#files.stage(files);
    // What was said so far is on its way, so that a slow agent does not take only a part of what comes now.
    await this.#drainedOrCancelled();
    if (problems.length === 0 && !this.#isCancelled()) {
      problems.push(...(await this.#files.commit()));
    }
    if (this.#isCancelled() || problems.length > 0) {
      return this.fail(this.#isCancelled() ? [CANCELLED] : problems);
    }
    const report = this.#report(run);
    // From here on the run completes, unless the agent no longer listens.
    const isTaken = await agent.inOneWrite(() => {
      commands.forEach((command) => process.stdout.write(`${command}\n`));
      report.forEach(agent.print);
      agent.printResult(true);
    });
    if (!isTaken) {
      return this.fail([CANCELLED]);
    }
    this.#isOver = true;
    (await this.#files.keep()).forEach(agent.warn);
  }

  /** @param {Run} run */
  #report(run) {
    const files = this.#files.list();
    const sizes = Float64Array.from(files, ({ size }) => size);
    // Windows knows no modes.
    const modes = Uint32Array.from(isWindows ? [] : files, ({ mode }) => mode);
    return run.report(sizes, modes, Date.now() - this.#startedAt);
  }

  /**
   * Reports why the task can't go on, and takes back what is on disk. The core is not asked for words: it may be what broke.
   *
   * @param {string[]} problems
   * @param {number} [more] how many more there are
   */
  async fail(problems, more = 0) {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#ending = this.#giveUp(problems, more);
    }
    await this.#ending;
  }

  /** @param {string[]} problems @param {number} more */
  async #giveUp(problems, more) {
    // What is under way, such as a download, must not write any more.
    this.#cancellation.abort();
    const left = await this.#files.rollBack();
    const shown = [...problems.slice(0, MAX_ISSUES), ...left.slice(0, MAX_ISSUES)];
    const count = problems.length + more + left.length;
    const summary =
      count > shown.length
        ? `${count} problems, of which ${shown.length} are shown; nothing was set`
        : `${count} problems; nothing was set`;
    [...shown, ...(count > 1 ? [summary] : [])].forEach((problem) => agent.printIssue('error', problem));
    agent.printResult(false);
  }

  async close() {
    this.#cancellation.abort();
    this.#network.close();
    // Until then a signal must not end the process.
    if (!(await agent.drained())) {
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

  #isCancelled() {
    return this.#cancellation.signal.aborted;
  }

  async #drainedOrCancelled() {
    if (!this.#isCancelled()) {
      await Promise.race([agent.drained(), once(this.#cancellation.signal, 'abort')]);
    }
  }
}

/**
 * Listens for the signals by which the agent cancels: SIGINT and then SIGTERM, on Windows SIGBREAK; a terminal that closes
 * says SIGHUP.
 *
 * @param {() => void} cancel
 * @returns {() => void} ends it
 */
function onCancel(cancel) {
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', isWindows ? 'SIGBREAK' : 'SIGTERM', 'SIGHUP'];
  signals.forEach((signal) => process.on(signal, cancel));
  return () => signals.forEach((signal) => process.off(signal, cancel));
}
