// Writes tiny tasks into temporary folders, for the tests of the agent itself.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runTask } from './agent.js';

/** @typedef {import('node:test').TestContext} TestContext */

const TASK_LIBRARY = createRequire(import.meta.url).resolve('azure-pipelines-task-lib/task');

/** A statement that gives a fixture's script the task library as `tl`. */
export const LOAD_TASK_LIBRARY = `const tl = require(${JSON.stringify(TASK_LIBRARY)});`;

/**
 * @param {TestContext} t which removes the folder when it ends
 * @param {string} script of the execution section
 * @param {object} [properties] of task.json
 */
export async function writeTask(t, script, properties = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'task-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const task = { execution: { Node20_1: { target: 'index.js' } }, ...properties };
  await writeFile(join(folder, 'task.json'), JSON.stringify(task));
  await writeFile(join(folder, 'index.js'), script);
  return folder;
}

/**
 * Writes a task and runs it.
 *
 * @param {TestContext} t
 * @param {string} script
 * @param {Partial<import('./agent.js').Options> & { taskJson?: object }} [options]
 */
export async function runScript(t, script, { taskJson, ...options } = {}) {
  const run = await runTask({ taskFolder: await writeTask(t, script, taskJson), ...options });
  t.after(run.cleanUp);
  return run;
}
