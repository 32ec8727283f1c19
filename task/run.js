/** One run of the task: the core says what is needed, Node does it, until one outcome is reported. */

import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import * as tl from 'azure-pipelines-task-lib/task.js';
import { Run } from '../pkg/core.js';
import * as agent from './agent/commands.js';
import { readFiles, readInputs, readNetworkSettings } from './agent/inputs.js';
import { environment } from './agent/secrets.js';
import { Files } from './files/stage.js';
import { isWindows } from './files/work.js';
import { Network, platformCipher } from './network/network.js';

/** @import { Next, Plan } from '../pkg/core.js' */

const CANCELLED = 'the task was cancelled; nothing was set';
const STUCK = `the task was waiting for something that can no longer happen; nothing was set\nhint: ${agent.PLEASE_REPORT}`;

/**
 * The signals that cancel a step: the agent sends SIGINT and then SIGTERM (SIGBREAK on Windows), and a closing terminal SIGHUP.
 *
 * @type {NodeJS.Signals[]}
 */
const CANCELLING = ['SIGINT', isWindows ? 'SIGBREAK' : 'SIGTERM', 'SIGHUP'];

/** The most problems, and the most files left behind, that are shown; the rest are only counted. */
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
    // All output has been flushed; exiting here spares Node the teardown of its heap.
    process.exit();
  }
}

class Task {
  #startedAt = Date.now();
  #cancellation = new AbortController();
  /** Settles once the outcome is reported, and nothing that failed is left. @type {Promise<void> | undefined} */
  #ending;
  #network;
  #files;

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
    CANCELLING.forEach((signal) => process.on(signal, cancel));
    agent.watchOutput(cancel);
  }

  /**
   * Replaces the task library's handlers of uncaught errors: they report the error's own text, which the agent sends to
   * the server unmasked.
   */
  reportDefects() {
    for (const event of ['uncaughtException', 'unhandledRejection']) {
      process.removeAllListeners(event).on(event, (defect) => this.fail([agent.describeDefect(defect)]));
    }
    // The event loop is empty although the run is waiting for something.
    process.once('beforeExit', () => this.fail([STUCK]).then(() => this.close()));
  }

  async perform() {
    const run = new Run(readInputs(), process.platform, environment, platformCipher(), Date.now());
    try {
      await this.#follow(run);
    } finally {
      // This also wipes all keys and values.
      run.free();
      environment.free();
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
      // Lets a signal be handled that arrived while the core was computing.
      await setImmediate();
    }
  }

  /**
   * Does what a step asks for and hands the outcome to the run.
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

  /** Carries out the whole plan, or none of it. @param {Plan} plan @param {Run} run */
  async #carryOut({ commands, files }, run) {
    const problems = await this.#files.stage(files);
    // Flush what was printed so far, so that a slow agent cannot take only part of what follows.
    await this.#drainedOrCancelled();
    if (problems.length === 0 && !this.#isCancelled()) {
      problems.push(...(await this.#files.commit()));
    }
    if (this.#isCancelled() || problems.length > 0) {
      return this.fail(this.#isCancelled() ? [CANCELLED] : problems);
    }
    const report = this.#report(run);
    // From here on the run completes, unless the agent has stopped reading.
    const isTaken = await agent.inOneWrite(() => {
      commands.forEach((command) => process.stdout.write(`${command}\n`));
      report.forEach(agent.print);
      agent.printResult(true);
    });
    if (!isTaken) {
      return this.fail([CANCELLED]);
    }
    if (this.#ending) {
      // A defect came in between: what is on disk is being rolled back.
      return this.#ending;
    }
    this.#ending = Promise.resolve();
    (await this.#files.keep()).forEach(agent.warn);
  }

  /** @param {Run} run */
  #report(run) {
    const files = this.#files.list();
    const sizes = Float64Array.from(files, ({ size }) => size);
    // Windows has no permission bits.
    const modes = Uint32Array.from(isWindows ? [] : files, ({ mode }) => mode);
    return run.report(sizes, modes, Date.now() - this.#startedAt);
  }

  /**
   * Reports why the task can't go on, and rolls back what is on disk. Does not call the core, which may be what broke.
   *
   * @param {string[]} problems
   * @param {number} [more] how many more problems there are
   */
  fail(problems, more = 0) {
    return (this.#ending ??= this.#giveUp(problems, more));
  }

  /** @param {string[]} problems @param {number} more */
  async #giveUp(problems, more) {
    // Work in progress, such as a download, must not write any more.
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
    if (!(await agent.drained())) {
      process.exitCode = 1;
    }
  }

  /**
   * Has the agent pass the note of files to the post-job step. Its address is secret: with it, other steps could alter
   * the note.
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
