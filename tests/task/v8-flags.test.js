// The flags of V8 that the task sets for a while are V8's own, and all of them are as before when the run ends.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findNodes } from '../network/nodes.js';
import { copyTask, corePath } from './altered-task.js';
import { openKeeper, runWithKeeper } from './packed-task.js';

const RECORDER = fileURLToPath(new URL('recorded-flags.cjs', import.meta.url));
const HOLDS = [{ title: 'Database', files: [{ name: 'large.bin', bytes: 100_000 }] }];
const MADE_FOR = [20, 24];

/** Each flag, and by which usual one its place is taken again. */
const FLAGS = {
  '--no-wasm-lazy-compilation': '--wasm-lazy-compilation',
  '--wasm-num-compilation-tasks=1': '--wasm-num-compilation-tasks=128',
  '--no-regexp-tier-up': '--regexp-tier-up',
  '--minor-gc-task-trigger=20': '--minor-gc-task-trigger=80',
};
const ALL = Object.entries(FLAGS).flat().sort();

for (const { major, path: nodePath } of findNodes()) {
  const isMadeFor = MADE_FOR.includes(major);

  test(`the flags are set back when a run succeeds, on Node ${major}`, async (t) => {
    const { run, flags } = await record(t, { nodePath });
    assert.equal(run.result, 'Succeeded');
    assert.deepEqual(flags.sort(), isMadeFor ? ALL : []);
  });

  test(`the flags are set back when the core is broken, on Node ${major}`, async (t) => {
    const broken = copyTask();
    t.after(() => rmSync(broken, { recursive: true, force: true }));
    truncateSync(corePath(broken), 100_000);
    const { run, flags } = await record(t, { nodePath, taskFolder: broken });
    assert.equal(run.result, 'Failed');
    assert.deepEqual(flags.sort(), isMadeFor ? ALL.filter((flag) => !flag.includes('minor-gc')) : []);
  });

  test(`each flag is set back to what V8 has by itself, on Node ${major}`, { skip: !isMadeFor }, () => {
    const told = execFileSync(nodePath, ['--v8-options'], { encoding: 'utf8' });
    const usual = [...told.matchAll(/ default: (--\S+)$/gm)].map(([, flag]) => flag);
    assert.deepEqual(
      Object.values(FLAGS).filter((flag) => !usual.includes(flag)),
      [],
    );
  });
}

/** Runs the task and tells what V8 was told. */
async function record(t, agent) {
  const folder = mkdtempSync(join(tmpdir(), 'recorded-flags-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const list = join(folder, 'flags');
  const run = await runWithKeeper(t, {
    keeper: await openKeeper(t, { holds: HOLDS }),
    secrets: ['Database/file/large.bin > file:large.bin'],
    agent: { ...agent, nodeArguments: ['--require', RECORDER], environment: { RECORDED_FLAGS: list } },
  });
  return { run, flags: existsSync(list) ? readFileSync(list, 'utf8').trim().split('\n') : [] };
}
