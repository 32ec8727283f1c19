/**
 * This file is where the agent starts the task. The core begins to be compiled, then secrets are masked, before anything
 * can print one. All the rest is in a script of its own, which loads while another thread compiles.
 */

import { compileAhead, compiled } from './compilation.js';
import './mask-config.js';
import './mask-proxy.js';

// Parts of Node that every run needs. With the flags that are set next they would take three times as long to load, as
// what Node keeps compiled of its own parts fits the usual flags only.
['child_process', 'crypto', 'dns', 'https', 'os'].forEach((part) => require(part));

compileAhead();
// V8 sees the flags between two turns.
setImmediate(() => {
  const { performTask } = /** @type {typeof import('./perform.js')} */ (require('./perform.js'));
  void performTask(compiled);
});
