// The peak of memory of a measured process, in KiB, written to a file when it ends.

const { readFileSync, writeFileSync } = require('node:fs');

/** On Linux what `getrusage` reports begins with the peak of the process that started this one, so it is read elsewhere. */
function peak() {
  try {
    return readFileSync('/proc/self/status', 'utf8').match(/^VmHWM:\s*(\d+) kB$/m)[1];
  } catch {
    return String(process.resourceUsage().maxRSS);
  }
}

process.on('exit', () => writeFileSync(process.env.BENCH_PEAK, peak()));
