// Writes the peak memory of a measured process, in KiB, to a file when the process ends.

const { readFileSync, writeFileSync } = require('node:fs');

/** On Linux `getrusage` includes the peak of the parent process, so the figure is read elsewhere. */
function peak() {
  try {
    return readFileSync('/proc/self/status', 'utf8').match(/^VmHWM:\s*(\d+) kB$/m)[1];
  } catch {
    return String(process.resourceUsage().maxRSS);
  }
}

process.on('exit', () => writeFileSync(process.env.BENCH_PEAK, peak()));
