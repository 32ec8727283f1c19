/**
 * This file is where the config is masked. It runs before the task library loads, because with System.Debug the
 * library prints each input that it reads.
 */

import { printMask } from './masks.js';

// Until an outcome is reported, an early end is a failure.
process.exitCode = 1;

const configs = Object.entries(process.env)
  .filter(([name]) => isConfig(name))
  .map(([, text]) => text ?? '');
const texts = configs.flatMap((config) => [
  config,
  config.trim(),
  ...config.split(/[\r\n]+/).map((line) => line.trim()),
]);
for (const text of new Set(texts)) {
  // Short lines of pretty-printed JSON are braces and the like, and the name of an undefined variable is no secret.
  if (text.length >= 12 && !/^\$\([^)]*\)$/.test(text)) {
    printMask(text);
  }
}

/**
 * Whether a variable of the environment holds a config: the input, the connection's parameter, or a person's own.
 *
 * @param {string} name
 */
function isConfig(name) {
  return (
    name === 'INPUT_KEEPERSECRETCONFIG' ||
    name === 'KSM_CONFIG' ||
    (name.startsWith('ENDPOINT_AUTH_PARAMETER_') && name.endsWith('_APITOKEN'))
  );
}
