/** The task's start: mask, then load the rest. With System.Debug the task library prints inputs when it loads. */

import { maskInputs } from './agent/secrets.js';

// Until an outcome is reported, an early end is a failure.
process.exitCode = 1;
maskInputs();
void import('./run.js').then(({ performTask }) => performTask());
