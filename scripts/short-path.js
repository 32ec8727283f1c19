/** Logs with an agent's temporary folder in place of a test's, which is long and random. */

/**
 * The log with another path for the temporary folder, and the table's columns realigned.
 *
 * @param {string[]} log
 * @param {string} folder
 * @param {string} shorter what is shown instead
 */
export function withShortPath(log, folder, shorter) {
  const shown = log.map((line) => line.replaceAll(folder, shorter).replaceAll('\\', '/'));
  const end = shown.findLastIndex((line) => / ms$/.test(line));
  const start = shown.findIndex((line) => line.startsWith('line  '));
  if (start < 0) {
    return shown;
  }
  const rows = shown.slice(start, end).map((line) => line.trim().split(/ {2,}/));
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const pad = (cell, column) =>
    column === 0 ? cell.padStart(widths[column]) : cell.padEnd(widths[column] ?? 0);
  const table = rows.map((row) => row.map(pad).join('  ').trimEnd());
  return [...shown.slice(0, start), ...table, ...shown.slice(end)];
}
