// What the scripts do differently on Windows, tried on any system.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { batchCall, environment } from '../../scripts/commands.js';
import { executable, inProject, readJson, root } from '../../scripts/paths.js';

test('a batch file is started by a shell on Windows, and as it is elsewhere', () => {
  assert.deepEqual(batchCall('npm', ['ci', '--no-audit'], 'win32'), {
    line: 'npm ci --no-audit',
    words: [],
    shell: true,
  });
  assert.deepEqual(batchCall('npm', ['ci'], 'linux'), { line: 'npm', words: ['ci'], shell: false });
});

test('a program has the ending that Windows asks for', () => {
  assert.deepEqual(
    ['win32', 'linux', 'darwin'].map((platform) => executable('wasm-pack', platform)),
    ['wasm-pack.exe', 'wasm-pack', 'wasm-pack'],
  );
});

test('the path is extended under the name that it has, so that there are never two', () => {
  const { Path, PATH } = environment({}, { Path: 'inherited' });
  assert.equal(PATH, undefined);
  assert.ok(Path.startsWith(inProject('.tools', 'bin')));
  assert.match(Path, /\binherited\b/);
});

test('npm scripts use nothing that a shell of Windows lacks', () => {
  for (const [name, command] of Object.entries(readJson(inProject('package.json')).scripts)) {
    assert.match(command, /^(node [\w/-]+\.js( --?[\w-]+)*|git config [\w. /]+)$/, name);
  }
});

const withoutGit = spawnSync('git', ['--version']).status !== 0 && 'there is no git';

test('every text has the line ends of its commit on every system', { skip: withoutGit }, () => {
  const listed = execFileSync('git', ['ls-files', '--eol'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n');
  assert.deepEqual(
    listed.filter((line) => !/^i\/(lf|-text|none) .*attr\/(text=auto eol=lf|-text) /.test(line)),
    [],
  );
});
