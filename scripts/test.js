/**
 * Every test: the core natively, the core as WebAssembly in Node, the packing of the extension, and the packed task end to
 * end. `npm test -- rust`, `wasm` or `e2e` runs one of them.
 */

import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { execute } from './commands.js';
import { Misuse, describeFailure, runWhenCalled } from './failure.js';
import { packageExtension } from './package.js';
import { inProject } from './paths.js';
import { stopwatch } from './progress.js';
import { setUp } from './setup.js';
import { printVerdict } from './verdict.js';

const PARTS = [
  { name: 'rust', title: 'The core, natively', test: testNatively },
  { name: 'wasm', title: 'The core, as WebAssembly in Node', test: testInNode },
  { name: 'package', title: 'The extension', test: testPackaging, alsoFor: 'e2e' },
  { name: 'e2e', title: 'The packed task, end to end', test: () => testEndToEnd() },
];

// By default Node leaves one core idle. Most of the time is spent in processes that the tests start, and some of them wait.
const SIDE_BY_SIDE = `--test-concurrency=${availableParallelism() + 1}`;

/** Runs the parts that are asked for, or all of them, and returns how each ended. */
export async function test(wanted = []) {
  const parts = chooseParts(wanted);
  try {
    await setUp();
  } catch (error) {
    return [{ name: 'set-up', passed: 0, failed: 1, report: describeFailure(error) }];
  }
  return runInTurn(parts);
}

function chooseParts(wanted) {
  const unknown = wanted.filter((name) => !PARTS.some((part) => part.name === name));
  if (unknown.length > 0) {
    const names = PARTS.map(({ name }) => name).join(', ');
    throw new Misuse(
      `there are no tests called ${unknown.join(', ')}`,
      `choose from ${names}, or name none for all`,
    );
  }
  const isWanted = ({ name, alsoFor }) => wanted.includes(name) || wanted.includes(alsoFor);
  return wanted.length > 0 ? PARTS.filter(isWanted) : PARTS;
}

async function runInTurn(parts) {
  const outcomes = [];
  for (const { name, title, test } of parts) {
    console.log(`\n━━ ${title}`);
    const seconds = stopwatch();
    const outcome = await test();
    outcomes.push({ name, ...outcome, seconds: seconds() });
    console.log(`━━ ${title}: ${outcome.passed} passed, ${outcome.failed} failed, ${seconds()} s`);
  }
  return outcomes;
}

async function testNatively() {
  return countCargoTests(await execute('cargo', ['test', '--locked', '--no-fail-fast'], { output: 'heard' }));
}

async function testInNode() {
  const args = [
    '--log-level',
    'warn',
    'test',
    '--node',
    '--mode',
    'no-install',
    '--',
    '--locked',
    '--test',
    'wasm',
  ];
  const env = { WASM_PACK_CACHE: inProject('.tools', 'cache') };
  return countCargoTests(await execute('wasm-pack', args, { output: 'heard', env }));
}

/** Adds up cargo's summary lines, one for each test binary. */
function countCargoTests({ code, stdout, stderr }) {
  const lines = [...stdout.matchAll(/^test result: .*?(\d+) passed; (\d+) failed/gm)];
  const sum = (group) => lines.reduce((total, line) => total + Number(line[group]), 0);
  // What does not compile is reported on stderr, which otherwise only counts the crates.
  return judge(code, sum(1), sum(2), /^failures:$/m.test(stdout) ? stdout : stderr);
}

async function testPackaging() {
  try {
    await packageExtension();
    return { passed: 1, failed: 0 };
  } catch (error) {
    return { passed: 0, failed: 1, report: describeFailure(error) };
  }
}

/** Runs the files of JavaScript tests whose paths are wanted. */
export async function testEndToEnd({ env = {}, isWanted = () => true } = {}) {
  const files = listEndToEnd(isWanted);
  if (files.length === 0) {
    return judge(0, 0, 0);
  }
  const { code, stdout } = await execute(
    process.execPath,
    ['--test', '--test-reporter=spec', SIDE_BY_SIDE, ...files],
    { output: 'heard', env },
  );
  return judgeEndToEnd(code, stdout);
}

/** The files of JavaScript tests whose paths are wanted, one by one: Node 20 knows no patterns, and Node 24 no folders. */
export const listEndToEnd = (isWanted = (_file) => true) =>
  readdirSync(inProject('tests'), { recursive: true })
    .filter((file) => file.endsWith('.test.js'))
    .sort()
    .map((file) => join('tests', file))
    .filter(isWanted);

/** Reads the summary of Node's own reporter. */
export function judgeEndToEnd(code, stdout) {
  const count = (what) => Number(stdout.match(new RegExp(`^\\S+ ${what} (\\d+)\r?$`, 'm'))?.[1] ?? 0);
  return judge(code, count('pass'), count('fail') + count('cancelled'), stdout);
}

/** A part that fails without a failed test, or that runs no test at all, counts as one failure. */
function judge(code, passed, failed, report) {
  if (code === 0 && passed + failed > 0) {
    return { passed, failed };
  }
  if (code === 0) {
    console.log('No test was found.');
  }
  return { passed, failed: Math.max(failed, 1), report };
}

const USAGE = `\
npm test                 all tests
npm test -- PART ...     some of them:
${PARTS.map(({ name, title }) => `  ${name.padEnd(9)} ${title}`).join('\n')}`;

await runWhenCalled(
  import.meta.url,
  async (_, wanted) => {
    const outcomes = await test(wanted);
    printVerdict(outcomes);
    process.exitCode = outcomes.every(({ failed }) => failed === 0) ? 0 : 1;
  },
  { usage: USAGE, takesWords: true },
);
