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
/** The versions of Node that task.json names; in others V8 is left alone. */
const MADE_FOR = [20, 24];
const SET_AT_START = [
  '--no-wasm-lazy-compilation',
  '--wasm-num-compilation-tasks=1',
  '--wasm-tiering-budget=40000000',
];
const SET_FOR_ATTACHMENTS = ['--minor-gc-task-trigger=20'];

for (const { major, path: nodePath } of findNodes()) {
  const ifMadeFor = (flags) => (MADE_FOR.includes(major) ? flags : []);

  test(`the flags are set back when a run succeeds, on Node ${major}`, async (t) => {
    const { run, flags } = await record(t, { nodePath });
    assert.equal(run.result, 'Succeeded');
    assert.deepEqual(firstOfEach(flags), ifMadeFor([...SET_AT_START, ...SET_FOR_ATTACHMENTS]));
    assert.deepEqual(unusual(flags, nodePath), []);
  });

  test(`the flags are set back when the core is broken, on Node ${major}`, async (t) => {
    const broken = copyTask();
    t.after(() => rmSync(broken, { recursive: true, force: true }));
    truncateSync(corePath(broken), 100_000);
    const { run, flags } = await record(t, { nodePath, taskFolder: broken });
    assert.equal(run.result, 'Failed');
    assert.deepEqual(firstOfEach(flags), ifMadeFor(SET_AT_START));
    assert.deepEqual(unusual(flags, nodePath), []);
  });
}

/** A flag's name, whatever it is set to. */
const nameOf = (flag) => flag.replace(/^--(no-)?|=.*$/g, '');

const firstOfEach = (flags) =>
  flags.filter((flag, index) => flags.findIndex((other) => nameOf(other) === nameOf(flag)) === index);

/** The flags that were set at last to something else than what this V8 has by itself. */
function unusual(flags, nodePath) {
  const told = execFileSync(nodePath, ['--v8-options'], { encoding: 'utf8' });
  const usual = [...told.matchAll(/ default: (--\S+)$/gm)].map(([, flag]) => flag);
  return flags
    .filter((flag, index) => flags.findLastIndex((other) => nameOf(other) === nameOf(flag)) === index)
    .filter((flag) => !usual.includes(flag));
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
