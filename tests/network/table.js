// The matrix as the table in docs/faults.md. Run as a program, it writes that file.

import { writeFileSync } from 'node:fs';
import { inProject } from '../../scripts/paths.js';
import { runWhenCalled } from '../../scripts/failure.js';
import { format, resolveConfig } from 'prettier';

const INTRODUCTION = `# Faults

What can go wrong between an agent and Keeper, what the task does about it, and how many requests it takes: those that
reach Keeper, or else the proxy. Each line is a test that runs the packed task (\`tests/network\`), and this table is
generated from the tests by \`node tests/network/table.js\`. For the limits, see [The network](network.md).

`;

/**
 * @param {import('./faults/row.js').Group[]} matrix
 * @returns {Promise<string>}
 */
export async function renderTable(matrix) {
  const rows = matrix.flatMap(({ rows }) => rows);
  const survivors = rows.filter(({ survives }) => survives).length;
  const count = `Of ${rows.length} faults, the task survives ${survivors}; the other ${rows.length - survivors} end the run with the message shown, and nothing is set.\n\n`;
  const text = INTRODUCTION + count + matrix.map(renderGroup).join('\n');
  return format(text, { ...(await resolveConfig(inProject('docs', 'faults.md'))), parser: 'markdown' });
}

function renderGroup({ title, rows }) {
  const lines = rows.map(
    ({ fault, survives, problem = '', requests }) =>
      `| ${escape(fault)} | ${survives ? `**${survives}**` : `“${escape(firstLine(problem))}”`} | ${countOf(requests)} |`,
  );
  return [
    `## ${title}`,
    '',
    '| Fault | What the task does or says | Requests |',
    '| --- | --- | --: |',
    ...lines,
    '',
  ].join('\n');
}

const SHOWN = 20;
const countOf = (requests) => [typeof requests === 'function' ? requests(SHOWN) : requests].flat()[0];
const firstLine = (problem) => problem.split('\n')[0].replace(/^line \d+, column \d+: /, '');
const escape = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*');

await runWhenCalled(import.meta.url, async () => {
  const { MATRIX } = await import('./faults/index.js');
  writeFileSync(inProject('docs', 'faults.md'), await renderTable(MATRIX));
});
