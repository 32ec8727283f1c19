/** The benchmark's figures as tables, and the tables as a page. */

import { readdirSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { priceOfMasks } from '../tests/agent/masker.js';

/** Times and ratios of the cases on one Node, then their memory. */
export function describeCases(rows) {
  const ways = ['node', 'floor', 'ours', 'baseline', 'stream'];
  const against = ['floor', 'baseline', 'stream'];
  const tableOf = (title, what, unit) =>
    table([
      [title, ...ways, ...against.map((way) => `ours / ${way}`)],
      ...rows.map((row) => [
        row.name,
        ...ways.map((way) => (row[way] ? `${Math.round(row[way][what])} ${unit}` : '')),
        ...against.map((way) => (row[way] ? (row.ours[what] / row[way][what]).toFixed(2) : '')),
      ]),
    ]);
  return `${tableOf('time', 'ms', 'ms')}\n\n${tableOf('peak memory', 'memory', 'MiB')}`;
}

/** What the output of a step costs the agent, by the agent's own rule, beside the time of the process. */
export function describeAgent(rows) {
  return table([
    ['step', 'masks', 'log lines', 'process', 'agent', 'together'],
    ...rows.map(({ name, ours }) => {
      const printed = ours.output.split('\n').filter((line) => line !== '');
      const masks = printed.filter((line) => line.startsWith('##vso[task.setsecret]')).length;
      const lines = printed.length - masks;
      const { onceMs, perLineMs } = priceOfMasks(masks);
      const agentMs = onceMs + lines * perLineMs;
      const times = [ours.ms, agentMs, ours.ms + agentMs].map((ms) => `${Math.round(ms)} ms`);
      return [name, number(masks), number(lines), ...times];
    }),
  ]);
}

/** Time and memory for each number of records and lines, and the cost of one more. */
export function describeGrid({ records, lines, cells }) {
  const cell = (count, line) => cells.find((found) => found.records === count && found.lines === line);
  const rows = records.map((count) => [number(count), ...lines.map((line) => shown(cell(count, line)))]);
  const header = ['records', ...lines.map((line) => (line === 1 ? '1 line' : `${number(line)} lines`))];
  const [first, last] = [cell(records[0], lines[0]), cell(records.at(-1), lines.at(-1))];
  const perRecord = cell(records.at(-1), lines[0]);
  const perLine = cell(records[0], lines.at(-1));
  const slope = (to, what) => ((to.ms - first.ms) * 1000) / Math.max(1, to[what] - first[what]);
  const expected = first.ms + (perRecord.ms - first.ms) + (perLine.ms - first.ms);
  return `${table([header, ...rows])}

One more record costs ${Math.round(slope(perRecord, 'records'))} µs, one more line ${Math.round(slope(perLine, 'lines'))} µs. If the two only added up, ${number(last.lines)} lines over ${number(last.records)} records would take ${Math.round(expected)} ms; they take ${Math.round(last.ms)} ms.`;
}

/** Time and memory as one thing grows: three sizes, each ten times the one before. */
export function describeGrowths(measured) {
  return table([
    ['what grows', 'small', 'ten times', 'a hundred times'],
    ...measured.map(({ name, cells }) => [
      name,
      ...cells.map((cell) => `${number(cell.size)}: ${shown(cell)}`),
    ]),
  ]);
}

const number = (count) => count.toLocaleString('en');
const shown = ({ ms, memory }) => `${Math.round(ms)} ms, ${Math.round(memory)} MiB`;

/** The sizes of what is downloaded and installed. */
export function describeSizes(vsixBytes, taskFolder) {
  const files = readdirSync(taskFolder).map((name) => ({
    name,
    bytes: statSync(join(taskFolder, name)).size,
  }));
  const installed = files.map(({ name, bytes }) => `\`${name}\` ${number(bytes)}`).join(', ');
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    `- VSIX: ${number(vsixBytes)} bytes`,
    `- installed: ${files.length} files, ${number(total)} bytes: ${installed}`,
  ].join('\n');
}

function table([header, ...rows]) {
  const line = (cells) => `| ${header.map((_, column) => cells[column] ?? '').join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The page for docs/. */
export function page({ cases, agent, grid, growths, sizes }) {
  return `# Benchmark

Written by \`npm run bench\` on ${cpus().length} cores (${cpus()[0].model.trim()}): whole processes, in turn, medians, against an embedded Keeper on
loopback. Times vary from machine to machine; look at the ratios.

- _node_: \`node -e 0\`
- _floor_: the lower bound of a short run, a Node process that makes one HTTPS request and prints a line
- _ours_: the packed task
- _baseline_: what the official task does, with Keeper's own SDK and azure-pipelines-task-lib 4 from node_modules, one
  value after the other
- _stream_: Node's own stream of one attachment, from HTTPS through AES-256-GCM into a file

Memory is the peak of the process. [A decision](decisions/0014-what-made-it-fast-and-small.md) lists what was done for
speed, and what did not help.

![Times of this task and of Keeper's own SDK, as bars](benchmark.svg)

${cases.map(({ major, table: text }) => `## Node ${major}\n\n${text}`).join('\n\n')}

The SDK takes quadratic time to join a download, so the baseline ends at 8 MiB.

## Cost to the agent

For each mask, the agent writes a trace line that it masks with all masks before it, which takes quadratic time. The
agent's time is computed by that rule from the step's output.

${agent}

## Growth

Records of about a kilobyte; each line names one by its title, so all of them have to be opened.

${grid}

One thing at a time:

${growths}

## Size

${sizes}
`;
}
