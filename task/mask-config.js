/**
 * This file is where the config is masked. It runs before the task library loads, because with System.Debug the
 * library prints each input that it reads.
 */

import { printMask } from './masks.js';

// Until an outcome is reported, an early end is a failure.
process.exitCode = 1;

const config = process.env.INPUT_KEEPERSECRETCONFIG ?? '';
for (const text of new Set([config, config.trim(), ...config.split(/[\r\n]+/).map((line) => line.trim())])) {
  // Short lines of pretty-printed JSON are braces and the like, and the name of an undefined variable is no secret.
  if (text.length >= 12 && !/^\$\([^)]*\)$/.test(text)) {
    printMask(text);
  }
}
