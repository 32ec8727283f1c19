/**
 * The summary of checks and tests: the output of each failed one again, then a table, so that the end of a log is
 * enough to see what failed and why.
 */

// Enough to see why; the full output is further up.
const LINES_SHOWN = 60;

// Where in an output the failure begins, the most reliable sign first: Node's tests, Rust's, its compiler.
const BEGINNINGS = [/^\S+ failing tests:$/m, /^failures:$/m, /^error(\[.+\])?: /m, /^warning: /m];

/**
 * @typedef {object} Outcome
 * @property {string} name
 * @property {number} passed how many checks or tests
 * @property {number} failed
 * @property {string} [seconds]
 * @property {string} [report] what was said about the failures
 */

/** @param {Outcome[]} outcomes */
export function printVerdict(outcomes) {
  const failed = outcomes.filter((outcome) => outcome.failed > 0);
  for (const { name, report } of failed) {
    console.log(`\n━━ Failed: ${name}\n${excerpt(report ?? 'see what was printed above')}`);
  }
  console.log(`\n${table(outcomes)}`);
  if (failed.length > 0) {
    console.log(`\nFailed: ${failed.map(({ name }) => name).join('; ')}`);
  }
  console.log(`\n${sum(outcomes, 'passed')} passed, ${sum(outcomes, 'failed')} failed`);
}

/** @param {Outcome[]} outcomes */
export function table(outcomes) {
  const width = Math.max(...outcomes.map(({ name }) => name.length));
  const row = (name, ...columns) =>
    `${name.padEnd(width)}${columns.map((text) => `${text}`.padStart(9)).join('')}`;
  return [
    row('', 'passed', 'failed', 'seconds'),
    ...outcomes.map(({ name, passed, failed, seconds = '' }) => row(name, passed, failed, seconds)),
  ].join('\n');
}

const sum = (outcomes, key) => outcomes.reduce((total, outcome) => total + outcome[key], 0);

/** The start of the failure in an output, or of the output if no sign matches. */
export function excerpt(output) {
  const starts = BEGINNINGS.map((beginning) => output.search(beginning));
  const start = starts.find((index) => index >= 0) ?? 0;
  const lines = output.slice(start).trimEnd().split(/\r?\n/);
  const left = lines.length - LINES_SHOWN;
  return left > 0
    ? [...lines.slice(0, LINES_SHOWN), `… and ${left} more lines, further up`].join('\n')
    : lines.join('\n');
}

/** The files whose tests failed, as the end of a report of Node's names them: `test at tests/task/files.test.js:10:3`. */
export const failedFiles = (report) => [
  ...new Set([...report.matchAll(/^test at (\S+\.js):\d+:\d+\r?$/gm)].map(([, file]) => file)),
];
