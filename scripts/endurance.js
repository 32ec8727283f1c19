/**
 * Endurance test: runs the packed task over and over on each version of Node at hand, and on the next one, with a
 * record and some attachments, as no single test shows a crash that happens once in hundreds of runs. `-- --runs 5000`
 * sets how often.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startKeeper } from '../tests/keeper/server.js';
import { findNodes } from '../tests/network/nodes.js';
import { Failure, Misuse, runWhenCalled } from './failure.js';
import { installNode } from './nodes.js';
import { packageExtension } from './package.js';
import { step } from './progress.js';
import { unpackExtension } from './unpack.js';

/** The supported versions of Node, and the one that agents will have next. */
const MAJORS = [20, 24, 26];
const SIDE_BY_SIDE = 3;
const FILES = ['a', 'b', 'c'];

/** @param {Record<string, any>} options */
async function endurance({ runs: wanted }) {
  const runs = Number(wanted);
  if (!(Number.isInteger(runs) && runs > 0)) throw new Misuse('--runs takes a whole number');
  for (const major of process.platform === 'linux' ? MAJORS : []) {
    await installNode(major);
  }
  await packageExtension();
  const taskFolder = await unpackExtension();
  const folder = mkdtempSync(join(tmpdir(), 'ksm-endurance-'));
  const holds = [
    {
      title: 'Database',
      fields: [{ type: 'password', value: ['s3cr3t'] }],
      files: FILES.map((name) => ({ name, bytes: 500_000 })),
    },
  ];
  const keeper = await startKeeper({ holds, throttle: { requests: Infinity } });
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, keeper.caPem);
  const env = {
    PATH: process.env.PATH,
    NODE_EXTRA_CA_CERTS: ca,
    AGENT_TEMPDIRECTORY: folder,
    AGENT_VERSION: '4.273.0',
    INPUT_KEEPERSECRETCONFIG: keeper.configBase64,
  };
  try {
    for (const { major, path } of findNodes()) {
      await step(`Run the task ${runs} times on Node ${major}`, () =>
        runOften(runs, (run) =>
          outcomeOf(path, join(taskFolder, 'main.js'), { ...env, INPUT_SECRETS: linesFor(folder, run) }),
        ),
      );
    }
  } finally {
    await keeper.close();
    rmSync(folder, { recursive: true, force: true });
    rmSync(dirname(taskFolder), { recursive: true, force: true });
  }
}

/** Runs that may overlap have separate files. */
function linesFor(folder, run) {
  const path = (name) => join(folder, `${run % (2 * SIDE_BY_SIDE)}-${name}`);
  return [
    'Database/field/password > var:DB_PASSWORD',
    ...FILES.map((name) => `Database/file/${name} > file:${path(name)}`),
  ].join('\n');
}

/** @param {(run: number) => Promise<string>} start */
async function runOften(runs, start) {
  /** How often a run has ended so. @type {Record<string, number>} */
  const outcomes = {};
  let begun = 0;
  const next = async () => {
    while (begun < runs) {
      const outcome = await start(begun++);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, next));
  const { succeeded = 0, ...others } = outcomes;
  if (succeeded < runs) {
    throw new Failure(`${runs - succeeded} of ${runs} runs did not succeed: ${JSON.stringify(others)}`);
  }
}

/** How one run ends. */
function outcomeOf(node, script, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const hasSucceeded = code === 0 && output.includes('result=Succeeded');
      resolve(hasSucceeded ? 'succeeded' : (signal ?? `exit code ${code}`));
    });
  });
}

await runWhenCalled(import.meta.url, endurance, {
  usage: `\
npm run endurance                  runs the task a thousand times on each Node at hand; installs Nodes
npm run endurance -- --runs 5000   that often`,
  options: { runs: { type: 'string', default: '1000' } },
});
