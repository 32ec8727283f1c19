// Loaded before the task (`node --require`): the clock is stopped at the time in FIXED_CLOCK, and a wait ends at once
// and moves the clock on by its duration. Socket timeouts are Node's own and stay real.

'use strict';

const timers = require('node:timers/promises');

const { setTimeout: startTimer } = globalThis;
let nowMs = Date.parse(process.env.FIXED_CLOCK ?? '');
if (Number.isNaN(nowMs)) throw new Error('FIXED_CLOCK is not a time');

Date.now = () => nowMs;

globalThis.setTimeout = (callback, delayMs = 0, ...args) => {
  const dueMs = nowMs + delayMs;
  return startTimer(() => {
    // Concurrent waits take as long as the longest of them.
    nowMs = Math.max(nowMs, dueMs);
    callback(...args);
  }, 0);
};

timers.setTimeout = (delayMs) => new Promise((resolve) => globalThis.setTimeout(resolve, delayMs));
