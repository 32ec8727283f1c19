/** One run of the task: the core says what is needed, the host does it, until one outcome is reported. */

import { setImmediate } from 'node:timers/promises';
import { Run } from '../pkg/core.js';
import { CANCELLED, Host } from './agent/host.js';
import { PLEASE_REPORT, describeDefect } from './agent/report.js';

/** @typedef {import('../pkg/core.js').Next} Next */

/** Runs the task and reports its outcome to the agent. */
export async function performTask() {
  /** @type {Host | undefined} */
  let host;
  try {
    host = new Host();
    reportDefectsTo(host);
    await takeTurns(host);
  } catch (error) {
    if (host) {
      await host.fail([describeDefect(error)]);
    } else {
      // The exit code fails the step.
      process.stdout.write(`${describeDefect(error)}\n`);
    }
  } finally {
    await host?.close();
  }
}

const STUCK = `the task waited for something that could not come any more; nothing was set\nhint: ${PLEASE_REPORT}`;

/**
 * Takes the place of the task library, which would report uncaught errors in its own words: the agent sends those to
 * the server unmasked.
 *
 * @param {Host} host
 */
function reportDefectsTo(host) {
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.removeAllListeners(event).on(event, (defect) => host.fail([describeDefect(defect)]));
  }
  // Nothing is under way any more, and still the run waits for something.
  process.once('beforeExit', () => host.fail([STUCK]).then(() => host.close()));
}

/** @param {Host} host */
async function takeTurns(host) {
  const run = new Run(host.inputs(), host.options(), host.cipher(), host.now());
  try {
    await follow(run, host);
  } finally {
    // Keys and values are wiped with it.
    run.free();
  }
}

/**
 * @param {Run} run
 * @param {Host} host
 */
async function follow(run, host) {
  for (;;) {
    const { masks, notices, next } = run.step();
    host.mask(masks);
    host.notify(notices);
    if (host.isCancelled()) {
      return host.fail([CANCELLED]);
    }
    if ('problems' in next) {
      return host.fail(next.problems.first, next.problems.more);
    }
    if ('finish' in next) {
      return host.carryOut(next.finish);
    }
    await take(next, run, host);
    // A signal that came while the core computed is heard now.
    await setImmediate();
  }
}

/**
 * Does what a step asks for, and hands what comes of it to the run.
 *
 * @param {Exclude<Next, { problems: unknown } | { finish: unknown }>} next
 * @param {Run} run
 * @param {Host} host
 */
async function take(next, run, host) {
  if ('read' in next) {
    run.haveRead(host.readAll(next.read), host.now());
  } else if ('ask' in next) {
    const [outcome] = await host.fetchAll([next.ask], () => run.seal());
    run.haveAsked(outcome, host.now());
  } else if ('fetch' in next) {
    run.haveLoaded(await host.fetchAll(next.fetch), host.now());
  } else if ('download' in next) {
    const open = run.openDownload.bind(run);
    run.haveLoaded(await host.downloadAll(next.download, open), host.now());
  } else {
    await host.wait(next.waitMs);
    run.haveWaited(host.now());
  }
}
