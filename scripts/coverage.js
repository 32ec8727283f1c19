/**
 * Coverage: which lines of the core its native tests run, and which of the shim the packed task runs in the end-to-end
 * tests. Prints one table; `coverage/` has pages that show each line.
 */

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, runPackage } from './commands.js';
import { Failure, runWhenCalled } from './failure.js';
import { packageExtension } from './package.js';
import { inProject, readJson, root, vsixPath } from './paths.js';
import { step } from './progress.js';
import { setUp, setUpCargoCommand, setUpCoverageTools } from './setup.js';
import { testEndToEnd } from './test.js';

const LLVM_COV_VERSION = '0.9.1';

const folder = (name) => inProject('coverage', name);

async function coverage() {
  await setUp();
  await setUpCoverageTools();
  await setUpCargoCommand('llvm-cov', LLVM_COV_VERSION);
  rmSync(inProject('coverage'), { recursive: true, force: true });
  mkdirSync(folder('core'), { recursive: true });
  const core = await step('Run the native tests', measureCore);
  const shim = await measureShim();
  printTable('The core, natively; src/wasm.rs runs in the packed task only', core);
  printTable('The shim, in the packed task', shim);
  console.log(
    `\nline by line: ${folder('core/html/index.html')}\n              ${folder('task/index.html')}`,
  );
}

async function measureCore() {
  await run('cargo', ['llvm-cov', '--locked', '--no-report', '--quiet'], {
    advice: '`npm test -- rust` shows which test fails',
  });
  await run('cargo', ['llvm-cov', 'report', '--html', '--output-dir', folder('core')], { output: 'hidden' });
  await run('cargo', ['llvm-cov', 'report', '--lcov', '--output-path', folder('core/lcov.info')]);
  return readLcov(folder('core/lcov.info'));
}

/** Runs the tests of the task on a readable bundle, which nobody may take for the extension afterwards. */
async function measureShim() {
  await packageExtension({ readable: true });
  try {
    const { failed } = await testEndToEnd({ env: { TASK_COVERAGE: folder('raw') }, isWanted: runsTheTask });
    if (failed > 0) {
      throw new Failure(
        `${failed} tests failed`,
        '`npm test` shows whether they fail without measuring as well',
      );
    }
  } finally {
    rmSync(vsixPath(), { force: true });
    rmSync(inProject('dist', 'task'), { recursive: true, force: true });
  }
  const reports = ['--reporter', 'html', '--reporter', 'lcovonly', '--reports-dir', folder('task')];
  const sources = ['--all', '--src', inProject('task'), '--include', 'task/**/*.js', '--exclude-after-remap'];
  await step('Add up what each run of the task reports', () => {
    readdirSync(folder('raw')).forEach((name) => simplify(join(folder('raw'), name)));
    return runPackage('c8/bin/c8.js', ['report', '--temp-directory', folder('raw'), ...reports, ...sources]);
  });
  return readLcov(folder('task/lcov.info'));
}

/**
 * Reduces a run's report to the bundle, and names its sources by path, as c8 needs it. A task that was killed reports
 * nothing, or only a part.
 */
function simplify(path) {
  const report = readReport(path);
  const maps = report?.['source-map-cache'] ?? {};
  if (Object.keys(maps).length === 0) {
    rmSync(path);
    return;
  }
  const result = report.result.filter(({ url }) => Object.hasOwn(maps, url));
  const isUrl = (source) => source.startsWith('file:');
  Object.values(maps).forEach(({ data }) => {
    data.sources = data.sources.map((source) => (isUrl(source) ? fileURLToPath(source) : source));
  });
  writeFileSync(path, JSON.stringify({ ...report, result }));
}

function readReport(path) {
  try {
    return readJson(path);
  } catch {
    return undefined;
  }
}

/** Tests of the package are left out: the readable bundle is not the one that ships. */
const runsTheTask = (file) => /^tests.(task|network)\b/.test(file) && !file.endsWith('package.test.js');

/** The lines of each file that hold code, and whether they ran. */
function readLcov(path) {
  const records = readFileSync(path, 'utf8').split('end_of_record').slice(0, -1);
  const files = records.map((record) => {
    const file = resolve(root, record.match(/^SF:(.*)$/m)[1].trim());
    const source = readFileSync(file, 'utf8').split(/\r?\n/);
    // Tests at the end of a source file always run, and so do comments: they would only inflate the figure.
    const tests = source.indexOf('#[cfg(test)]');
    const holdsCode = (line) =>
      (tests === -1 || line <= tests) && !/^\s*(\/\/.*|\/?\*.*)?$/.test(source[line - 1]);
    const lines = [...record.matchAll(/^DA:(\d+),(\d+)/gm)]
      .map(([, line, count]) => ({ line: Number(line), isCovered: count !== '0' }))
      .filter(({ line }) => holdsCode(line));
    return { file: relative(root, file).replaceAll('\\', '/'), lines };
  });
  return files.sort((one, other) => (one.file < other.file ? -1 : 1));
}

function printTable(title, files) {
  console.log(`\n${title}\n\n${row('', 'lines', 'covered', '%')}  not covered`);
  const all = files.flatMap(({ lines }) => lines);
  [...files, { file: 'all', lines: all }].forEach(({ file, lines }) => {
    const missed = lines.filter(({ isCovered }) => !isCovered);
    const covered = lines.length - missed.length;
    const percent = ((100 * covered) / Math.max(lines.length, 1)).toFixed(1);
    console.log(
      `${row(file, lines.length, covered, percent)}  ${file === 'all' ? '' : ranges(missed)}`.trimEnd(),
    );
  });
}

const row = (name, ...columns) =>
  `${name.padEnd(28)}${columns.map((text) => `${text}`.padStart(9)).join('')}`;

/** Lines as people write them: `12, 40–42`. */
function ranges(lines) {
  const found = [];
  for (const { line } of lines) {
    const last = found.at(-1);
    if (last && line === last.to + 1) {
      last.to = line;
    } else {
      found.push({ from: line, to: line });
    }
  }
  return found.map(({ from, to }) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}

await runWhenCalled(import.meta.url, coverage, {
  usage: 'npm run coverage    which lines of the core and the shim the tests run, as pages in coverage/',
});
