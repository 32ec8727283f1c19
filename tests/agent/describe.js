// Tells a person about a run: the log, then what the task set and wrote.

import { lstatSync } from 'node:fs';

import { shownPath } from './folders.js';

/** @typedef {import('./agent.js').Run} Run */

/**
 * @param {Run} run before its `cleanUp`
 * @param {{ showValues?: boolean, files?: string[] }} [options] files: further paths to show, from outside the folders
 */
export function describeRun(run, { showValues = false, files = [] } = {}) {
  const show = showValues ? oneLine : hidden;
  const outcome = `${run.result} (exit code ${run.exitCode}, ${Math.round(run.durationMs)} ms)`;
  return [
    section('Log', run.log),
    section('Result', [outcome]),
    section('Variables', variableRows(run.variables, show)),
    section('Output variables', variableRows(run.outputs, show)),
    section(
      'Environment of a later script',
      aligned(Object.entries(run.laterEnvironment).map(([name, value]) => [name, show(value)])),
    ),
    section('Files', aligned([...run.files, ...files.map(fileAt)].map((file) => fileRow(file, run.folders)))),
  ].join('\n');
}

/**
 * @param {string} title
 * @param {string[]} lines
 */
function section(title, lines) {
  const indented = (lines.length > 0 ? lines : ['(none)']).map((line) => `  ${line}`.trimEnd());
  return `${[title, ...indented].join('\n')}\n`;
}

/**
 * @param {import('./agent.js').VariableTable} variables
 * @param {(value: string) => string} show
 */
function variableRows(variables, show) {
  return aligned(
    Object.entries(variables).map(([name, { value, isSecret }]) => [
      name,
      isSecret ? 'secret' : 'public',
      show(value),
    ]),
  );
}

/**
 * @param {import('./folders.js').WrittenFile} file
 * @param {import('./folders.js').Folders} folders
 */
function fileRow({ path, mode, size }, folders) {
  return [mode.toString(8).padStart(4, '0'), `${size} bytes`, shownPath(path, folders)];
}

/** @param {string} path */
function fileAt(path) {
  const { mode, size } = lstatSync(path);
  return { path, mode: mode & 0o777, size };
}

/** @param {string[][]} rows */
function aligned(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join('  '));
}

/** @param {string} value */
function hidden(value) {
  return `*** (${[...value].length} characters)`;
}

/** @param {string} value */
function oneLine(value) {
  return value.replaceAll('\r', '\\r').replaceAll('\n', '\\n');
}
