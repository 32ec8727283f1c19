/** Measurement of whole processes, one at a time: the time and the peak memory of each, and its output. */

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {{ ms: number, memory: number, output: string }} Sample time in milliseconds, peak memory in MiB */

const PEAK = fileURLToPath(new URL('peak.cjs', import.meta.url));

/**
 * Runs Node as an agent runs a task.
 *
 * @param {string} node the program
 * @param {string[]} args
 * @param {Record<string, string>} inputs
 * @param {{ folder: string, ca: string, fails?: boolean }} place where it runs, and whether it should fail
 * @returns {Promise<Sample>}
 */
export function runOnce(node, args, inputs, { folder, ca, fails = false }) {
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
  // Emptied before each process, as an agent's temporary folder is.
  rmSync(outputsIn(folder), { recursive: true, force: true });
  mkdirSync(outputsIn(folder));
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(node, ['--require', PEAK, ...args], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    /** @type {Buffer[]} */
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const ms = performance.now() - start;
      const output = Buffer.concat(chunks).toString();
      const hasFailed = code !== 0 || output.includes('result=Failed');
      if (hasFailed !== fails) {
        reject(new Error(`${args.at(-1)} ended otherwise than expected:\n${output.slice(-2_000)}`));
      } else {
        resolve({ ms, memory: Number(readFileSync(peak, 'utf8')) / 1024, output });
      }
    });
  });
}

/** Where measured processes write their files. */
export const outputsIn = (folder) => join(folder, 'outputs');

/**
 * Runs several variants in turn, round by round, and returns the medians of each.
 *
 * @template {string} Way
 * @param {Record<Way, () => Promise<Sample>>} ways
 * @param {number} rounds
 * @returns {Promise<Record<Way, Sample>>} with the output of the last round
 */
export async function measureInTurn(ways, rounds) {
  const names = /** @type {Way[]} */ (Object.keys(ways));
  const samples = new Map(names.map((name) => [name, /** @type {Sample[]} */ ([])]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const sample = await ways[name]();
      // The first round only warms the caches of the disk and of the embedded Keeper.
      if (round > 0) {
        samples.get(name)?.push(sample);
      }
    }
  }
  return /** @type {Record<Way, Sample>} */ (
    Object.fromEntries([...samples].map(([name, list]) => [name, medianOf(list)]))
  );
}

/** @param {Sample[]} list @returns {Sample} */
const medianOf = (list) => ({
  ms: median(list.map(({ ms }) => ms)),
  memory: median(list.map(({ memory }) => memory)),
  output: list.at(-1)?.output ?? '',
});

/** @param {number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
