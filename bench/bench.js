/**
 * The benchmark: whole processes, in turn, medians of many rounds, against an embedded Keeper on loopback, on each Node
 * that the task is made for. `npm run bench` writes its tables to docs/benchmark.md; `-- --quick` only shows that it runs.
 */

import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNode } from '../scripts/nodes.js';
import { packageExtension } from '../scripts/package.js';
import { inProject, vsixPath } from '../scripts/paths.js';
import { unpackExtension } from '../scripts/unpack.js';
import { makeCertificates } from '../tests/keeper/certificates.js';
import { startKeeper } from '../tests/keeper/server.js';
import { findNodes } from '../tests/network/nodes.js';
import { drawBars } from './picture.js';
import { measureInTurn, outputsIn, runOnce } from './processes.js';
import {
  describeAgent,
  describeCases,
  describeGrid,
  describeGrowths,
  describeSizes,
  page,
} from './report.js';
import { agentCases, cases, growths, records, titleLines } from './scenarios.js';

const IS_QUICK = process.argv.includes('--quick');
/** The versions of Node on which agents run the task. */
const MAJORS = [20, 24];
/** How time and memory grow: each number of records with each number of lines. */
const GRID = IS_QUICK
  ? { records: [1], lines: [1, 10] }
  : { records: [1, 10, 100, 1_000, 10_000], lines: [1, 10, 100, 1_000] };
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

if (!IS_QUICK || !existsSync(vsixPath())) {
  await packageExtension();
}
if (!IS_QUICK) {
  await Promise.all(MAJORS.map(installNode));
}
const nodes = findNodes().filter(({ major }) => IS_QUICK || MAJORS.includes(major));
const [firstNode] = nodes;
const folder = mkdtempSync(join(tmpdir(), 'ksm-bench-'));
const outputs = outputsIn(folder);
const taskFolder = await unpackExtension();
const certificates = await makeCertificates();
const ca = join(folder, 'ca.pem');
writeFileSync(ca, certificates.caPem);

try {
  const measured = [];
  for (const node of IS_QUICK ? nodes.slice(0, 1) : nodes) {
    measured.push({ node, rows: await measureAll(node, chosenCases()) });
  }
  const tables = {
    cases: measured.map(({ node, rows }) => ({ major: node.major, table: describeCases(rows) })),
    agent: describeAgent(await measureAll(firstNode, inShort(agentCases(outputs)))),
    grid: describeGrid(await measureGrid()),
    growths: describeGrowths(await measureGrowths()),
    sizes: describeSizes(statSync(vsixPath()).size, taskFolder),
  };
  const text = page(tables);
  console.log(`\n${text}`);
  if (!IS_QUICK) {
    const { format, resolveConfig } = await import('prettier');
    const place = inProject('docs', 'benchmark.md');
    writeFileSync(place, await format(text, { ...(await resolveConfig(place)), parser: 'markdown' }));
    writeFileSync(
      inProject('docs', 'benchmark.svg'),
      drawBars(measured[0].rows.filter(({ baseline }) => baseline)),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  rmSync(dirname(taskFolder), { recursive: true, force: true });
}

function chosenCases() {
  const all = cases(outputs);
  return IS_QUICK
    ? [all[0], { ...all[5], against: ['stream'] }].map((case_) => ({ ...case_, rounds: 1 }))
    : all;
}

/** In the quick form, only the first of each kind, once. */
function inShort(scenarios) {
  return IS_QUICK ? [{ ...scenarios[0], rounds: 1 }] : scenarios;
}

async function measureAll(node, scenarios) {
  const rows = [];
  for (const scenario of scenarios) {
    console.log(`▸ ${scenario.name}, Node ${node.major}`);
    rows.push(await measure(node, scenario));
  }
  return rows;
}

async function measureGrid() {
  const cells = [];
  for (const count of GRID.records) {
    for (const lines of GRID.lines) {
      console.log(`▸ ${count.toLocaleString('en')} records, ${lines.toLocaleString('en')} lines`);
      const scenario = {
        holds: records(count),
        lines: () => titleLines(lines, count),
        rounds: IS_QUICK ? 1 : 5,
      };
      const { ours } = await measure(firstNode, scenario);
      cells.push({ records: count, lines, ...ours });
    }
  }
  return { ...GRID, cells };
}

async function measureGrowths() {
  const all = growths(outputs);
  const measured = [];
  for (const { name, sizes, scenario } of IS_QUICK ? all.slice(0, 1) : all) {
    const cells = [];
    for (const size of IS_QUICK ? sizes.slice(0, 1) : sizes) {
      console.log(`▸ ${size.toLocaleString('en')} ${name}`);
      const { ours } = await measure(firstNode, { ...scenario(size), ...(IS_QUICK && { rounds: 1 }) });
      cells.push({ size, ...ours });
    }
    measured.push({ name, cells });
  }
  return measured;
}

async function measure({ path: node }, scenario) {
  const { name, holds, lines, rounds, template, fails, latencyMs = 0, against = [] } = scenario;
  const keeper = await startKeeper({ holds, certificates, latencyMs, throttle: { requests: Infinity } });
  const place = { folder, ca };
  try {
    const inputs = { INPUT_KEEPERSECRETCONFIG: keeper.configBase64, INPUT_SECRETS: lines(keeper).join('\n') };
    if (template) {
      writeFileSync(join(folder, 'template'), template);
      inputs.INPUT_TEMPLATES = `template > ${join(outputs, 'filled')}`;
    }
    const others = {
      floor: () => runOnce(node, [here('floor.js')], { URL: `https://${keeper.hostname}/` }, place),
      baseline: () => runOnce(node, [here('baseline.js')], inputs, place),
      stream: () => runOnce(node, [here('stream.js')], streamOf(keeper), place),
    };
    const ways = {
      node: () => runOnce(node, ['-e', '0'], {}, place),
      ours: () => runOnce(node, [join(taskFolder, 'main.js')], inputs, { ...place, fails }),
      ...Object.fromEntries(against.map((way) => [way, others[way]])),
    };
    const medians = await measureInTurn(ways, rounds);
    const shown = Object.entries(medians).map(
      ([way, { ms, memory }]) => `${way} ${Math.round(ms)} ms ${Math.round(memory)} MiB`,
    );
    console.log(`  ${shown.join(', ')}`);
    return { name, ...medians };
  } finally {
    await keeper.close();
  }
}

function streamOf(keeper) {
  const [file] = keeper.vault.recordTitled('Files').files;
  return {
    URL: keeper.addressOf(file),
    KEY: file.key.toString('base64'),
    TARGET: join(outputs, 'stream.bin'),
  };
}
