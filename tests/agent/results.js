// The results of a step, and the worse of two.

/** @typedef {'Succeeded' | 'SucceededWithIssues' | 'Failed' | 'Canceled' | 'Skipped' | 'Abandoned'} Result */

/** @type {Result[]} */
const FROM_BEST_TO_WORST = ['Succeeded', 'SucceededWithIssues', 'Failed', 'Canceled', 'Skipped', 'Abandoned'];

/**
 * Parses a result as the agent's enum does: by exact name or by number.
 *
 * The task library writes `Cancelled`, which the agent does not know.
 *
 * @param {string | undefined} text
 * @returns {Result | undefined}
 */
export function parseResult(text) {
  const word = (text ?? '').trim();
  // Any number is a value of the enum; one without a name counts as the worst, or the best, of those with one.
  if (/^[+-]?\d+$/.test(word)) {
    return FROM_BEST_TO_WORST[Math.min(Math.max(Number(word), 0), FROM_BEST_TO_WORST.length - 1)];
  }
  return FROM_BEST_TO_WORST.find((result) => result === word);
}

/**
 * The worse of two, except that a result beyond `Failed` does not change any more.
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
