/**
 * The pre-commit hook, which takes seconds: formats the staged files, lints the core if Rust is staged, and checks the
 * task's types if its scripts are. `npm run hook` installs it.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { execute, run, runPackage } from './commands.js';
import { Failure, runWhenCalled } from './failure.js';
import { inProject } from './paths.js';
import { step } from './progress.js';

const CLIPPY = ['clippy', '--quiet', '--locked', '--all-targets', '--', '-D', 'warnings'];

async function lookAtCommit() {
  const staged = await listFiles('diff', '--cached', '--name-only', '--diff-filter=ACMR');
  const work = planWork(staged);
  if (work.format.length > 0) {
    const changedSince = await listFiles('diff', '--name-only');
    await step(`Format what is staged (${work.format.length})`, () => formatAll(work.format, changedSince));
  }
  if (work.lint) {
    await step('Lint the core', () => run('cargo', CLIPPY));
  }
  if (work.types && existsSync(inProject('pkg', 'core.d.ts'))) {
    await step('Check the types of the task', () =>
      runPackage('typescript/bin/tsc', ['-p', 'tsconfig.json']),
    );
  }
}

/** What to do for these staged files. */
export const planWork = (staged) => ({
  format: staged.filter((file) => /\.(rs|js|cjs|json|md|ya?ml)$/.test(file)),
  lint: staged.some((file) => /\.rs$|(^|\/)Cargo\.(toml|lock)$|^clippy\.toml$/.test(file)),
  types: staged.some((file) => /^task\/.*\.js$|^tsconfig\.json$/.test(file)),
});

/**
 * Formats what is staged. A file that was changed after it was staged is left alone, since staging it again would take
 * in those changes too; the commit then fails if the staged text is not formatted.
 */
async function formatAll(files, changedSince) {
  const unformatted = [];
  for (const file of files) {
    const { stdout: text } = await run('git', ['show', `:${file}`], { output: 'hidden' });
    const formatted = await format(file, text);
    if (formatted === text) {
      continue;
    }
    if (changedSince.includes(file)) {
      unformatted.push(file);
      continue;
    }
    writeFileSync(inProject(file), formatted);
    await run('git', ['add', '--', file], { output: 'hidden' });
    console.log(`  formatted ${file}`);
  }
  if (unformatted.length > 0) {
    throw new Failure(
      `not formatted, and changed since they were staged: ${unformatted.join(', ')}`,
      'format and stage them, then commit again',
    );
  }
}

async function format(file, text) {
  return file.endsWith('.rs') ? formatRust(file, text) : formatOther(file, text);
}

/** Passes the text, not the path, since rustfmt would follow a path into the modules below it. */
async function formatRust(file, text) {
  const edition = readFileSync(inProject('Cargo.toml'), 'utf8').match(/^edition = "(.+)"$/m)[1];
  const options = ['--edition', edition, '--config-path', inProject('rustfmt.toml')];
  const { code, stdout, stderr } = await execute('rustfmt', options, { output: 'hidden', input: text });
  if (code !== 0) {
    throw new Failure(`rustfmt can't read ${file}:\n${stderr}`, 'correct it, stage it and commit again');
  }
  return stdout;
}

async function formatOther(file, text) {
  const prettier = await import('prettier');
  const path = inProject(file);
  const { ignored, inferredParser } = await prettier.getFileInfo(path, {
    ignorePath: [inProject('.prettierignore'), inProject('.gitignore')],
  });
  if (ignored || !inferredParser) {
    return text;
  }
  const options = await prettier.resolveConfig(path);
  try {
    return await prettier.format(text, { ...options, filepath: path });
  } catch (error) {
    throw new Failure(
      `prettier can't read ${file}:\n${error.message}`,
      'correct it, stage it and commit again',
    );
  }
}

/** The files that a git command lists, whatever is in their names. */
async function listFiles(...command) {
  const { stdout } = await run('git', [...command, '-z'], { output: 'hidden' });
  return stdout.split('\0').filter(Boolean);
}

await runWhenCalled(import.meta.url, lookAtCommit);
