/** The last words: a table of what became of each mapping line, or that something went wrong that should not. */

/** @typedef {import('../../pkg/core.js').Report} Report */

/**
 * @param {Report} report
 * @param {Map<string, string>} files what there is to say of the files, by mapping line
 * @param {number} elapsedMs
 * @returns {string[]} lines
 */
export function layOut({ rows, requests, downloads, retries, records }, files, elapsedMs) {
  const cells = rows.map(({ line, secret, destination, masked }) => [
    line.replace(/^line /, ''),
    secret,
    destination,
    [files.get(line), masked].filter(Boolean).join(', '),
  ]);
  const table = align([['line', 'secret', 'destination', ''], ...cells]);
  const figures = [
    counted(requests, 'request'),
    ...(downloads > 0 ? [counted(downloads, 'download')] : []),
    counted(retries, 'retry', 'retries'),
    counted(records, 'record'),
    `${elapsedMs} ms`,
  ];
  return [...table, figures.join(', ')];
}

/** @param {string[][]} rows */
function align(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd(),
  );
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** The build puts in the address, from identity.json. */
export const PLEASE_REPORT = `please report this, with the task's version, at ${process.env.KSM_SUPPORT}`;

/**
 * What to say of an error that should not have happened. Its text could quote a value, so only its kind is named.
 *
 * @param {unknown} error
 */
export function describeDefect(error) {
  const code =
    error instanceof Error ? (/** @type {{ code?: string }} */ (error).code ?? error.name) : typeof error;
  return `the task stopped unexpectedly (${code}); nothing was set\nhint: ${PLEASE_REPORT}`;
}
