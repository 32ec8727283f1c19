// This file is where a measured process leaves its peak of memory, in KiB, when it ends.

const { writeFileSync } = require('node:fs');

process.on('exit', () => writeFileSync(process.env.BENCH_PEAK, String(process.resourceUsage().maxRSS)));
