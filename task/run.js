/** One run of the task: the core says what is needed, the host does it, until one outcome is reported. */

import { Retrieval } from '../pkg/core.js';
import { CANCELLED, createHost } from './agent/host.js';
import { PLEASE_REPORT, describeDefect } from './agent/report.js';

/** @typedef {import('./agent/host.js').Host} Host */
/** @typedef {import('../pkg/core.js').Next} Next */

/** Runs the task and reports its outcome to the agent. */
export async function performTask() {
  /** @type {Host | undefined} */
  let host;
  try {
    host = createHost();
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
 * Takes the place of the task library, which would report what nobody caught in its own words: the agent sends those to
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
  const retrieval = new Retrieval(host.inputs(), host.options(), host.cipher());
  try {
    await follow(retrieval, host);
  } finally {
    // Keys and values are wiped with it.
    retrieval.free();
  }
}

/**
 * @param {Retrieval} retrieval
 * @param {Host} host
 */
async function follow(retrieval, host) {
  let step = retrieval.start(host.now());
  for (;;) {
    host.mask(step.masks);
    host.notify(step.notices);
    if (host.isCancelled()) {
      return host.fail([CANCELLED]);
    }
    const { next } = step;
    if ('problems' in next) {
      return host.fail(next.problems.first, next.problems.more);
    }
    if ('finish' in next) {
      return host.carryOut(next.finish);
    }
    step = retrieval.resume(await answer(next, retrieval, host), host.now());
  }
}

/**
 * @param {Next} next
 * @param {Retrieval} retrieval
 * @param {Host} host
 * @returns {Promise<import('../pkg/core.js').Outcome[]>}
 */
async function answer(next, retrieval, host) {
  if ('read' in next) {
    return host.readAll(next.read);
  }
  if ('fetch' in next) {
    return fetchAll(next.fetch, retrieval, host);
  }
  if ('download' in next) {
    return host.downloadAll(next.download, (id, cipher) => retrieval.openDownload(id, cipher));
  }
  if ('waitMs' in next) {
    await host.wait(next.waitMs);
  }
  return [];
}

/**
 * @param {import('../pkg/core.js').Request[]} requests
 * @param {Retrieval} retrieval
 * @param {Host} host
 */
async function fetchAll(requests, retrieval, host) {
  /** @type {unknown[]} */
  const defects = [];
  const outcomes = await host.fetchAll(requests, () => {
    try {
      return retrieval.seal();
    } catch (error) {
      // The network could only tell that nothing was sent.
      defects.push(error);
      throw error;
    }
  });
  if (defects.length > 0) {
    throw defects[0];
  }
  return outcomes;
}
