// A fault of the matrix: what goes wrong, and what the task does about it.

/**
 * @typedef {object} Row
 * @property {string} fault what goes wrong, in words
 * @property {import('../world.js').Setting} when how the world is then
 * @property {string} [survives] what the task does to get through
 * @property {string} [problem] or its message; HOST and PROXY are placeholders for the addresses
 * @property {number | number[] | ((major: number) => number)} requests how many reached Keeper, or else what takes its place, or else the proxy; one of several if chance decides, or by the major version of Node
 * @property {number} [from] the first major version of Node that behaves so
 * @property {NodeJS.Platform} [system] the only one on which a test can provoke it
 * @property {(string | RegExp)[]} [log] lines that the log holds
 * @property {string[]} [warnings]
 *
 * @typedef {{ title: string, rows: Row[] }} Group
 */

/**
 * A fault that the task survives.
 *
 * @param {string} fault
 * @param {string} survives
 * @param {Row['requests']} requests
 * @param {import('../world.js').Setting} when
 * @param {{ log?: (string | RegExp)[], warnings?: string[], from?: number, system?: NodeJS.Platform }} [more]
 * @returns {Row}
 */
export const survived = (fault, survives, requests, when, more = {}) => ({
  fault,
  survives,
  requests,
  when,
  ...more,
});

/**
 * A fault that ends the run.
 *
 * @param {string} fault
 * @param {string} problem
 * @param {Row['requests']} requests
 * @param {import('../world.js').Setting} when
 * @param {{ log?: (string | RegExp)[], warnings?: string[], from?: number, system?: NodeJS.Platform }} [more]
 * @returns {Row}
 */
export const refused = (fault, problem, requests, when, more = {}) => ({
  fault,
  problem,
  requests,
  when,
  ...more,
});

/** A fault that meets every request of its kind. */
export const forEver = (fault) => (request) =>
  (fault.on ?? 'get_secret') === (request.endpoint ?? 'download') ? fault : undefined;

/** A fault that stops all traffic, for every request of its kind, while this many seconds pass. */
export const forEverWhile = (seconds, fault) => (request, world) =>
  forEver({ ...fault, onSilence: () => world.time.pass(seconds) })(request);

/** The same, for the first request of its kind in each world. */
export function onceWhile(seconds, fault) {
  const worlds = new WeakSet();
  return (request, world) => {
    const met = worlds.has(world) ? undefined : forEverWhile(seconds, fault)(request, world);
    if (met) worlds.add(world);
    return met;
  };
}
