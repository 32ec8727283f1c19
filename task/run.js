/** This file is where the core and its host take turns: the core says what is needed, the host does it. */

/**
 * @param {Pick<typeof import('../pkg/core.js'), 'Retrieval'>} core
 * @param {import('./host.js').Host} host
 */
export async function run(core, host) {
  const retrieval = new core.Retrieval(host.inputs(), host.options(), host.cipher());
  let step = retrieval.start(host.now());
  for (;;) {
    host.mask(step.masks);
    host.notify(step.notices);
    if (host.isCancelled()) {
      return host.fail(['the task was cancelled; nothing was set']);
    }
    if (step.problems) {
      return host.fail(step.problems);
    }
    if (step.finish) {
      return host.carryOut(step.finish);
    }
    step = retrieval.resume(await answer(step, retrieval, host), host.now());
  }
}

/**
 * @param {import('../pkg/core.js').Step} step
 * @param {import('../pkg/core.js').Retrieval} retrieval
 * @param {import('./host.js').Host} host
 * @returns {Promise<import('../pkg/core.js').Outcome[]>}
 */
async function answer(step, retrieval, host) {
  if (step.read) {
    return host.readAll(step.read);
  }
  if (step.fetch) {
    return fetchAll(step.fetch, retrieval, host);
  }
  if (step.download) {
    return host.downloadAll(step.download, (id, cipher) => retrieval.openDownload(id, cipher));
  }
  await host.wait(step.waitMs ?? 0);
  return [];
}

/**
 * @param {import('../pkg/core.js').Request[]} requests
 * @param {import('../pkg/core.js').Retrieval} retrieval
 * @param {import('./host.js').Host} host
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
