// This file is where the benchmark's figures become tables, and the tables a page.

import { readdirSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

/** The cases: times, ratios, memory. */
export function describeRows(rows) {
  const ms = (sample) => (sample ? `${Math.round(sample.ms)} ms` : '');
  const memory = (sample) => (sample ? `${Math.round(sample.memory)} MiB` : '');
  const ratio = (a, b, what) => (a && b ? (a[what] / b[what]).toFixed(2) : '');
  const above = (sample, { node }) => `${Math.round(sample.ms - node.ms)} ms`;
  const header = [
    'time',
    'node',
    'ours',
    'baseline',
    'limit',
    'ours above node',
    'ours / baseline',
    'ours / limit',
  ];
  const times = rows.map((row) => [
    row.name,
    ...[row.node, row.ours, row.baseline, row.limit].map(ms),
    above(row.ours, row),
    ratio(row.ours, row.baseline, 'ms'),
    ratio(row.ours, row.limit, 'ms'),
  ]);
  const memories = rows.map((row) => [
    row.name,
    ...[row.node, row.ours, row.baseline, row.limit].map(memory),
    `${Math.round(row.ours.memory - row.node.memory)} MiB`,
    ratio(row.ours, row.baseline, 'memory'),
    ratio(row.ours, row.limit, 'memory'),
  ]);
  return `${table([header, ...times])}\n\n${table([['peak memory', ...header.slice(1)], ...memories])}`;
}

/** Time and memory for each number of records and lines, and how much one more costs. */
export function describeGrowth({ records, lines, cells }) {
  const cell = (count, line) => cells.find((found) => found.records === count && found.lines === line);
  const number = (count) => count.toLocaleString('en');
  const rows = records.map((count) => [
    number(count),
    ...lines.map((line) => {
      const { ms, memory } = cell(count, line);
      return `${Math.round(ms)} ms, ${Math.round(memory)} MiB`;
    }),
  ]);
  const header = ['records', ...lines.map((line) => (line === 1 ? '1 line' : `${number(line)} lines`))];
  const [first, last] = [cell(records[0], lines[0]), cell(records.at(-1), lines.at(-1))];
  const perRecord = cell(records.at(-1), lines[0]);
  const perLine = cell(records[0], lines.at(-1));
  const slope = (to, what) => ((to.ms - first.ms) * 1000) / Math.max(1, to[what] - first[what]);
  const expected = first.ms + (perRecord.ms - first.ms) + (perLine.ms - first.ms);
  return `${table([header, ...rows])}

One more record costs ${Math.round(slope(perRecord, 'records'))} µs, one more line ${Math.round(slope(perLine, 'lines'))} µs. If the two only added up, ${number(last.lines)} lines over ${number(last.records)} records would take ${Math.round(expected)} ms; they take ${Math.round(last.ms)} ms.`;
}

/** What is downloaded and installed. */
export function describeSizes(vsixBytes, taskFolder) {
  const files = readdirSync(taskFolder).map((name) => ({
    name,
    bytes: statSync(join(taskFolder, name)).size,
  }));
  const number = (bytes) => bytes.toLocaleString('en');
  const installed = files.map(({ name, bytes }) => `\`${name}\` ${number(bytes)}`).join(', ');
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    `- VSIX: ${number(vsixBytes)} bytes`,
    `- installed: ${files.length} files, ${number(total)} bytes: ${installed}`,
  ].join('\n');
}

function table([header, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The page for docs/. */
export function page({ cases, growth, sizes }) {
  return `# Benchmark

Made by \`npm run bench\` on ${cpus().length} cores (${cpus()[0].model.trim()}) with Node ${process.version}: whole processes, interleaved, medians; an
embedded Keeper on loopback. _node_ is \`node -e 0\`; _ours_ the packed task; the _baseline_ does what the official task
does, with Keeper's JavaScript SDK and azure-pipelines-task-lib 4 from node_modules, one value after the other; the
_limit_ is a plain stream of Node's from HTTPS through AES-256-GCM into a file. Memory is the peak of the process. Times
vary from machine to machine; the ratios are what to look at. What was done for them, and what did not help, stands in
[a decision](decisions/0014-what-made-it-fast-and-small.md).

![Times of this task and of the baseline, as bars](benchmark.svg)

${cases}

The SDK joins what it downloads in a way that takes four times as long for twice the size, so the baseline ends at 8 MiB.

## Growth

Records of about a kilobyte; each line names one by its title, so all of them have to be opened.

${growth}

## Size

${sizes}
`;
}
