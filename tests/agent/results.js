// The results of a step, and which of two wins.

/** @typedef {'Succeeded' | 'SucceededWithIssues' | 'Failed' | 'Canceled' | 'Skipped' | 'Abandoned'} Result */

/** @type {Result[]} */
const FROM_BEST_TO_WORST = ['Succeeded', 'SucceededWithIssues', 'Failed', 'Canceled', 'Skipped', 'Abandoned'];

/**
 * Reads a result as the agent's enum does: the exact name, or its number.
 *
 * The task library writes `Cancelled`, which the agent does not know.
 *
 * @param {string | undefined} text
 * @returns {Result | undefined}
 */
export function parseResult(text) {
  const word = (text ?? '').trim();
  // Any number is a value of the enum; those that have no name are as bad as the worst, or as good as the best.
  if (/^[+-]?\d+$/.test(word)) {
    return FROM_BEST_TO_WORST[Math.min(Math.max(Number(word), 0), FROM_BEST_TO_WORST.length - 1)];
  }
  return FROM_BEST_TO_WORST.find((result) => result === word);
}

/**
 * Gives the worse of two, except that a result beyond `Failed` does not change any more.
 *
 * @param {Result | undefined} current
 * @param {Result} coming
 * @returns {Result}
 */
export function worseOf(current, coming) {
  if (current === undefined) return coming;
  if (rank(current) > rank('Failed')) return current;
  return rank(coming) > rank(current) ? coming : current;
}

/** @param {Result} result */
function rank(result) {
  return FROM_BEST_TO_WORST.indexOf(result);
}
