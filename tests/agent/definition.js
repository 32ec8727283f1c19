// The definition that the agent reads from task.json.

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/**
 * @typedef {object} Restrictions
 * @property {{ mode?: string }} [commands]
 * @property {{ allowed?: string[] }} [settableVariables]
 *
 * @typedef {object} InputDefinition
 * @property {string} name
 * @property {string} [type]
 * @property {string[]} [aliases]
 * @property {string} [defaultValue]
 *
 * @typedef {object} Definition
 * @property {string} target absolute path of the script to run
 * @property {string} [workingDirectory]
 * @property {InputDefinition[]} inputs
 * @property {string[]} outputVariables names that are outputs, however they are set
 * @property {Restrictions | undefined} restrictions
 */

/**
 * @param {string} taskFolder
 * @param {string} section `execution`, `prejobexecution` or `postjobexecution`
 * @param {string} handler for example `Node20_1`
 * @returns {Promise<Definition>}
 */
export async function readDefinition(taskFolder, section, handler) {
  const file = join(taskFolder, 'task.json');
  const task = JSON.parse((await readFile(file, 'utf8')).replace(/^\uFEFF/, ''));
  const found = task[section]?.[handler];
  if (!found?.target) throw new Error(`${file} has no target for ${section}.${handler}`);
  return {
    target: resolve(taskFolder, found.target),
    workingDirectory: found.workingDirectory,
    inputs: task.inputs ?? [],
    outputVariables: (task.outputVariables ?? []).map((/** @type {{ name: string }} */ { name }) => name),
    restrictions: task.restrictions,
  };
}
