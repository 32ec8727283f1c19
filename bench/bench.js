// This file is where the benchmark runs: whole processes, interleaved, medians of many rounds, against an embedded
// Keeper on loopback. `npm run bench` writes its table to docs/benchmark.md; `-- --quick` only shows that it runs.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageExtension } from '../scripts/package.js';
import { inProject } from '../scripts/paths.js';
import { unpackExtension } from '../scripts/unpack.js';
import { makeCertificates } from '../tests/keeper/certificates.js';
import { startKeeper } from '../tests/keeper/server.js';
import { drawBars } from './picture.js';

const IS_QUICK = process.argv.includes('--quick');
const MiB = 1024 * 1024;
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

const { bytes: vsixBytes } = await packageExtension();
const folder = mkdtempSync(join(tmpdir(), 'ksm-bench-'));
const taskFolder = await unpackExtension();
const certificates = await makeCertificates();
const ca = join(folder, 'ca.pem');
writeFileSync(ca, certificates.caPem);

try {
  const rows = [];
  for (const scenario of scenarios()) {
    rows.push(await measure(scenario));
  }
  report(rows);
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
  const many = (count) => Array.from({ length: count }, (_, index) => record(index));
  const files = (count, bytes) => [
    { title: 'Files', files: Array.from({ length: count }, (_, index) => ({ name: `${index}.bin`, bytes })) },
  ];
  const fileLines = (count) => () =>
    Array.from(
      { length: count },
      (_, index) => `Files/file/${index}.bin > file:${join(folder, `${index}.bin`)}`,
    );
  const all = [
    { name: 'five lines, one record', holds: [wide], lines: fiveLines, rounds: 21 },
    { name: 'the same, 50 ms latency', holds: [wide], lines: fiveLines, rounds: 11, latencyMs: 50 },
    {
      name: '1,000 records, 50 lines by title',
      holds: many(1_000),
      lines: () =>
        Array.from({ length: 50 }, (_, index) => `Record ${index * 20}/field/password > var:P${index}`),
      rounds: 7,
    },
    {
      name: '10,000 records, one line by title',
      holds: many(10_000),
      lines: () => ['Record 5000/field/password > var:PASSWORD'],
      rounds: 5,
    },
    {
      name: '20 attachments of 1 MiB, 50 ms latency',
      holds: files(20, MiB),
      lines: fileLines(20),
      rounds: 5,
      latencyMs: 50,
    },
    { name: 'one attachment of 8 MiB', holds: files(1, 8 * MiB), lines: fileLines(1), rounds: 3 },
    ...[64, 256, 1024].map((size) => ({
      name: `one attachment of ${size} MiB`,
      holds: files(1, size * MiB),
      lines: fileLines(1),
      rounds: size > 500 ? 1 : 3,
      hasBaseline: false,
      hasLimit: true,
    })),
    ...[1, 10, 100, 1_000].map((count) => ({
      name: `growth: 10,000 records, ${count} lines by title`,
      holds: many(10_000),
      lines: () =>
        Array.from({ length: count }, (_, index) => `Record ${index * 10}/field/password > var:P${index}`),
      rounds: 3,
      hasBaseline: false,
    })),
  ];
  return IS_QUICK ? [all[0], all[5]].map((scenario) => ({ ...scenario, rounds: 1 })) : all;
}

/** About a kilobyte, as records have. */
function record(index) {
  const filler = `${index}`.padEnd(600, 'x');
  return {
    title: `Record ${index}`,
    fields: [
      { type: 'login', value: ['alice'] },
      { type: 'password', value: [`s3cr3t-${index}`] },
      { type: 'multiline', value: [filler] },
    ],
  };
}

async function measure({ name, holds, lines, rounds, latencyMs = 0, hasBaseline = true, hasLimit = false }) {
  console.log(`▸ ${name}`);
  const keeper = await startKeeper({ holds, certificates, latencyMs });
  try {
    const inputs = { INPUT_KEEPERSECRETCONFIG: keeper.configBase64, INPUT_SECRETS: lines(keeper).join('\n') };
    const ways = {
      node: () => run(['-e', '0'], {}),
      ours: () => run([join(taskFolder, 'index.js')], inputs),
      ...(hasBaseline && { baseline: () => run([here('baseline.js')], inputs) }),
      ...(hasLimit && { limit: () => runLimit(keeper) }),
    };
    const samples = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
    for (let round = 0; round <= rounds; round++) {
      for (const [way, start] of Object.entries(ways)) {
        const sample = await start();
        // The first round warms the caches of the disk and of the embedded Keeper.
        if (round > 0 || rounds === 1) {
          samples[way].push(sample);
        }
      }
    }
    const medians = Object.entries(samples).map(([way, list]) => [way, medianOf(list)]);
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
    TARGET: join(folder, 'limit.bin'),
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

function report(rows) {
  const ms = (sample) => (sample ? `${Math.round(sample.ms)} ms` : '');
  const memory = (sample) => (sample ? `${Math.round(sample.memory)} MiB` : '');
  const ratio = (a, b) => (a && b ? (a.ms / b.ms).toFixed(2) : '');
  const header = [
    'case',
    'node',
    'ours',
    'baseline',
    'limit',
    'ours / baseline',
    'ours / limit',
    'memory: node',
    'ours',
    'baseline',
    'limit',
  ];
  const cells = rows.map((row) => [
    row.name,
    ...[row.node, row.ours, row.baseline, row.limit].map(ms),
    ratio(row.ours, row.baseline),
    ratio(row.ours, row.limit),
    ...[row.node, row.ours, row.baseline, row.limit].map(memory),
  ]);
  const table = [header, header.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
  const installed = readdirSync(taskFolder);
  const size = (name) => statSync(join(taskFolder, name)).size.toLocaleString('en');
  const sizes = [
    `VSIX: ${vsixBytes.toLocaleString('en')} bytes`,
    `installed: ${installed.length} files, ${installed.map((name) => `${name} ${size(name)}`).join(', ')}`,
  ];
  console.log(`\n${table}\n\n${sizes.join('\n')}`);
  if (!IS_QUICK) {
    mkdirSync(inProject('docs'), { recursive: true });
    writeFileSync(inProject('docs', 'benchmark.md'), page(table, sizes));
    writeFileSync(inProject('docs', 'benchmark.svg'), drawBars(rows.filter(({ baseline }) => baseline)));
  }
}

function page(table, sizes) {
  return `# Benchmark

Made by \`npm run bench\` on ${cpus().length} cores (${cpus()[0].model.trim()}) with Node ${process.version}: whole processes, interleaved, medians; an
embedded Keeper on loopback. _node_ is \`node -e 0\`; _ours_ the packed task; the _baseline_ does what the official task
does, with Keeper's JavaScript SDK and azure-pipelines-task-lib 4 from node_modules; the _limit_ is a plain stream of
Node's from HTTPS through AES-256-GCM into a file. Memory is the process's peak. Times vary from machine to machine;
the ratios are what to look at.

![Time of ours and of the baseline](benchmark.svg)

${table}

${sizes.map((line) => `- ${line}`).join('\n')}
`;
}
