// This file is where the benchmark runs: whole processes, interleaved, medians of many rounds, against an embedded
// Keeper on loopback. `npm run bench` writes its tables to docs/benchmark.md; `-- --quick` only shows that it runs.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageExtension } from '../scripts/package.js';
import { inProject, vsixPath } from '../scripts/paths.js';
import { unpackExtension } from '../scripts/unpack.js';
import { makeCertificates } from '../tests/keeper/certificates.js';
import { startKeeper } from '../tests/keeper/server.js';
import { drawBars } from './picture.js';
import { describeGrowth, describeRows, describeSizes, page } from './report.js';

const IS_QUICK = process.argv.includes('--quick');
const MiB = 1024 * 1024;
/** How time and memory grow: each number of records with each number of lines. */
const GROWTH = IS_QUICK
  ? { records: [1], lines: [1, 10] }
  : { records: [1, 10, 100, 1_000, 10_000], lines: [1, 10, 100, 1_000] };
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

if (!IS_QUICK || !existsSync(vsixPath())) {
  await packageExtension();
}
const folder = mkdtempSync(join(tmpdir(), 'ksm-bench-'));
/** Where attachments go: empty when a process starts, as an agent's temporary folder is. */
const outputs = join(folder, 'outputs');
const taskFolder = await unpackExtension();
const certificates = await makeCertificates();
const ca = join(folder, 'ca.pem');
writeFileSync(ca, certificates.caPem);

try {
  const rows = [];
  for (const scenario of scenarios()) {
    rows.push(await measure(scenario));
  }
  const growth = await measureGrowth(GROWTH);
  const tables = {
    cases: describeRows(rows),
    growth: describeGrowth(growth),
    sizes: describeSizes(statSync(vsixPath()).size, taskFolder),
  };
  console.log(`\n${Object.values(tables).join('\n\n')}`);
  if (!IS_QUICK) {
    writeFileSync(inProject('docs', 'benchmark.md'), page(tables));
    writeFileSync(inProject('docs', 'benchmark.svg'), drawBars(rows.filter(({ baseline }) => baseline)));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  rmSync(dirname(taskFolder), { recursive: true, force: true });
}

/** What is measured: what Keeper holds, the mapping lines, and how often. */
function scenarios() {
  const five = ['login', 'password', 'url', 'email', 'text'];
  const wide = { title: 'Database', fields: five.map((type) => ({ type, value: [`value-of-${type}`] })) };
  const fiveLines = ({ vault }) =>
    five.map((type) => `${vault.recordTitled('Database').uid}/field/${type} > var:${type}`);
  const files = (count, bytes) => [
    { title: 'Files', files: Array.from({ length: count }, (_, index) => ({ name: `${index}.bin`, bytes })) },
  ];
  const fileLines = (count) => () =>
    Array.from(
      { length: count },
      (_, index) => `Files/file/${index}.bin > file:${join(outputs, `${index}.bin`)}`,
    );
  const all = [
    { name: 'five lines, one record', holds: [wide], lines: fiveLines, rounds: 41 },
    { name: 'the same, 50 ms latency', holds: [wide], lines: fiveLines, rounds: 21, latencyMs: 50 },
    {
      name: '1,000 records, 50 lines',
      holds: records(1_000),
      lines: () => titleLines(50, 1_000),
      rounds: 21,
    },
    { name: '10,000 records, 1 line', holds: records(10_000), lines: () => titleLines(1, 10_000), rounds: 5 },
    {
      name: '20 attachments of 1 MiB, 50 ms latency',
      holds: files(20, MiB),
      lines: fileLines(20),
      rounds: 11,
      latencyMs: 50,
    },
    {
      name: 'one attachment of 8 MiB',
      holds: files(1, 8 * MiB),
      lines: fileLines(1),
      rounds: 3,
      hasLimit: true,
    },
    ...[64, 256, 1024].map((size) => ({
      name: `one attachment of ${size.toLocaleString('en')} MiB`,
      holds: files(1, size * MiB),
      lines: fileLines(1),
      rounds: 3,
      hasBaseline: false,
      hasLimit: true,
    })),
  ];
  return IS_QUICK
    ? [all[0], { ...all[5], hasBaseline: false }].map((case_) => ({ ...case_, rounds: 1 }))
    : all;
}

async function measureGrowth(growth) {
  const cells = [];
  for (const count of growth.records) {
    for (const lines of growth.lines) {
      const name = `growth: ${count.toLocaleString('en')} records, ${lines.toLocaleString('en')} lines`;
      const { ours } = await measure({
        name,
        holds: records(count),
        lines: () => titleLines(lines, count),
        rounds: IS_QUICK ? 1 : 5,
        hasBaseline: false,
      });
      cells.push({ records: count, lines, ...ours });
    }
  }
  return { ...growth, cells };
}

/** Records of about a kilobyte, as they mostly are. */
function records(count) {
  return Array.from({ length: count }, (_, index) => ({
    title: `Record ${index}`,
    fields: [
      { type: 'login', value: ['alice'] },
      { type: 'password', value: [`s3cr3t-${index}`] },
      { type: 'multiline', value: [`${index}`.padEnd(600, 'x')] },
    ],
  }));
}

/** Lines that name records by title, spread over all of them. */
function titleLines(lines, count) {
  const place = (index) => Math.floor((index * count) / lines);
  return Array.from({ length: lines }, (_, index) => `Record ${place(index)}/field/password > var:P${index}`);
}

async function measure({ name, holds, lines, rounds, latencyMs = 0, hasBaseline = true, hasLimit = false }) {
  console.log(`▸ ${name}`);
  const keeper = await startKeeper({ holds, certificates, latencyMs });
  try {
    const inputs = { INPUT_KEEPERSECRETCONFIG: keeper.configBase64, INPUT_SECRETS: lines(keeper).join('\n') };
    const ways = {
      node: () => run(['-e', '0'], {}),
      ours: () => run([join(taskFolder, 'main.js')], inputs),
      ...(hasBaseline && { baseline: () => run([here('baseline.js')], inputs) }),
      ...(hasLimit && { limit: () => runLimit(keeper) }),
    };
    const samples = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
    for (let round = 0; round <= rounds; round++) {
      for (const [way, start] of Object.entries(ways)) {
        const sample = await start();
        // The first round warms the caches of the disk and of the embedded Keeper.
        if (round > 0) {
          samples[way].push(sample);
        }
      }
    }
    const medians = Object.entries(samples).map(([way, list]) => [way, medianOf(list)]);
    const told = medians.map(
      ([way, { ms, memory }]) => `${way} ${Math.round(ms)} ms ${Math.round(memory)} MiB`,
    );
    console.log(`  ${told.join(', ')}`);
    return { name, ...Object.fromEntries(medians) };
  } finally {
    await keeper.close();
  }
}

async function runLimit(keeper) {
  const [file] = keeper.vault.recordTitled('Files').files;
  return run([here('limit.js')], {
    URL: keeper.addressOf(file),
    KEY: file.key.toString('base64'),
    TARGET: join(outputs, 'limit.bin'),
  });
}

/** Runs Node as an agent runs a task; tells the time in milliseconds and the peak of memory in MiB. */
function run(args, inputs) {
  const peak = join(folder, 'peak');
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    NODE_EXTRA_CA_CERTS: ca,
    AGENT_TEMPDIRECTORY: folder,
    AGENT_VERSION: '4.273.0',
    SYSTEM_DEFAULTWORKINGDIRECTORY: folder,
    BENCH_PEAK: peak,
    ...inputs,
  };
  rmSync(outputs, { recursive: true, force: true });
  mkdirSync(outputs);
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(process.execPath, ['--require', here('peak.cjs'), ...args], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const ms = performance.now() - start;
      if (code !== 0 || output.includes('result=Failed')) {
        reject(new Error(`${args.at(-1)} failed:\n${output.slice(-2_000)}`));
      } else {
        resolve({ ms, memory: Number(readFileSync(peak, 'utf8')) / 1024 });
      }
    });
  });
}

function medianOf(list) {
  return { ms: median(list.map(({ ms }) => ms)), memory: median(list.map(({ memory }) => memory)) };
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
