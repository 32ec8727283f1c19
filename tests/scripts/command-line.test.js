// The scripts' answers to `--help` and to invalid command lines.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { inProject } from '../../scripts/paths.js';

/** @param {string} script @param {string[]} words */
function run(script, words) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [inProject('scripts', script), ...words], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

for (const [script, command] of [
  ['start.js', 'npm start'],
  ['test.js', 'npm test'],
  ['check.js', 'npm run check'],
  ['package.js', 'npm run package'],
  ['setup.js', 'npm run setup'],
  ...['build', 'bump', 'coverage', 'endurance', 'matrix', 'pictures', 'reproduce', 'storm', 'windows'].map(
    (name) => [`${name}.js`, `npm run ${name}`],
  ),
  ['../interop/interop.js', 'npm run interop'],
]) {
  test(`\`${command}\` explains itself, and says what it does not understand`, () => {
    const help = run(script, ['--help']);
    assert.equal(help.status, 0, help.stderr);
    assert.ok(help.stdout.startsWith(command), help.stdout);

    const wrong = run(script, ['--bogus']);
    assert.equal(wrong.status, 2);
    assert.equal(wrong.stderr, `\nUnknown option '--bogus'\n\n${help.stdout}`);
  });
}

test('a word or a file that fits nothing is answered with the usage', () => {
  const usage = run('start.js', ['--help']).stdout;
  for (const [words, message] of [
    [['extra'], "Unexpected argument 'extra'"],
    [['--config', 'x'], '--config and --secrets go together'],
    [['--config', inProject(), '--secrets', 'x'], `${inProject()} is not a file`],
    [['--config', inProject('LICENSE'), '--secrets', 'missing.txt'], 'there is no file missing.txt'],
  ]) {
    const { status, stderr } = run('start.js', words);
    assert.equal(status, 2, words.join(' '));
    assert.equal(stderr, `\n${message}\n\n${usage}`);
  }
  assert.match(run('test.js', ['rsut']).stderr, /^\nthere are no tests called rsut\n/);
});
