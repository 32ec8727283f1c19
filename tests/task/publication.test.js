// Files that may be published draw a warning. The git that is asked about them is never one of the repository, and runs
// nothing for it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { errorsOf, openKeeper, runWithKeeper, warningsOf } from './packed-task.js';

const FORBIDDEN = fileURLToPath(new URL('forbidden-programs.cjs', import.meta.url));
const HOLDS = [
  {
    title: 'Database',
    fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }],
    files: [{ name: 'large.bin', bytes: 100_000 }],
  },
];
const toFile = (path) => `Database/field/password > file:${path}`;
const skip =
  (spawnSync('git', ['--version']).status !== 0 || process.platform === 'win32') && 'there is no git';
const LOOSE = 'it is in a git work tree that does not ignore it';

/** An agent's folders with a repository checked out, and a folder for programs beside them. */
function makeMachine(t) {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'publication-')));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  const sources = join(root, 'agent', '_work', '1', 's');
  const bin = join(root, 'bin');
  fs.mkdirSync(sources, { recursive: true });
  fs.mkdirSync(bin);
  if (!skip) git(sources, 'init', '--quiet');
  fs.writeFileSync(join(sources, '.gitignore'), '/secrets/\n');
  /** Writes a program that records each of its calls. */
  const program = (place, script = '') => {
    fs.writeFileSync(place, `#!/bin/sh\necho "$@" >> ${join(root, 'calls')}\n${script}\n`, { mode: 0o755 });
  };
  const calls = () => {
    const notes = join(root, 'calls');
    return fs.existsSync(notes) ? fs.readFileSync(notes, 'utf8').trim().split('\n') : [];
  };
  return { root, sources, work: join(root, 'agent', '_work'), bin, program, calls };
}

/** @param {string} folder @param {string[]} words */
function git(folder, ...words) {
  const settings = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  const { status, stderr } = spawnSync('git', [...settings, '-C', folder, ...words], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

/** @param {import('node:test').TestContext} t */
async function run(t, { sources, work }, secrets, { environment, variables, nodeArguments } = {}) {
  const keeper = await openKeeper(t, { holds: HOLDS });
  const outcome = await runWithKeeper(t, {
    keeper,
    secrets,
    agent: { sourcesFolder: sources, workFolder: work, environment, variables, nodeArguments },
  });
  assert.deepEqual(errorsOf(outcome), []);
  return outcome;
}

const LINES = [toFile('password.txt'), toFile('secrets/password.txt')];
const warningFor = (target, reason = LOOSE, line = 1) =>
  `line ${line}: \`${target}\` may be published: ${reason}`;

describe('a file that may be published draws a warning', { concurrency: 2 }, () => {
  test('but of very many only the first ones are named', { skip }, async (t) => {
    const lines = Array.from({ length: 60 }, (_, index) => toFile(`password-${index}.txt`));
    const warnings = warningsOf(await run(t, makeMachine(t), lines));
    assert.equal(warnings.length, 51);
    assert.match(warnings[49], /^line 50: `.*password-49\.txt` may be published: /);
    assert.equal(warnings[50], 'and 10 more files may be published');
  });

  test('in the artifact staging directory', { skip }, async (t) => {
    const machine = makeMachine(t);
    fs.rmSync(join(machine.sources, '.git'), { recursive: true, force: true });
    const variables = { 'Build.ArtifactStagingDirectory': join(machine.work, '1', 'a') };
    const target = join(machine.work, '1', 'a', 'password.txt');
    const outcome = await run(t, machine, [toFile(target), toFile('b/password.txt')], { variables });
    assert.deepEqual(warningsOf(outcome), [warningFor(target, 'it is in the artifact staging directory')]);
  });

  test('in the artifact staging directory of a linked work folder', { skip }, async (t) => {
    const machine = makeMachine(t);
    fs.symlinkSync(machine.work, join(machine.root, 'linked'));
    const variables = { 'Build.ArtifactStagingDirectory': join(machine.root, 'linked', '1', 'a') };
    const target = join(machine.work, '1', 'a', 'password.txt');
    const outcome = await run(t, machine, [toFile(target)], { variables });
    assert.deepEqual(warningsOf(outcome), [warningFor(target, 'it is in the artifact staging directory')]);
  });

  test('in a git work tree that does not ignore it', { skip }, async (t) => {
    const machine = makeMachine(t);
    const outcome = await run(t, machine, LINES);
    assert.deepEqual(warningsOf(outcome), [warningFor(join(machine.sources, 'password.txt'))]);
  });

  test('in a work tree of another user', { skip: skip || process.getuid?.() !== 0 }, async (t) => {
    const machine = makeMachine(t);
    spawnSync('chown', ['-R', '12345', machine.sources]);
    const outcome = await run(t, machine, LINES);
    assert.deepEqual(warningsOf(outcome), [warningFor(join(machine.sources, 'password.txt'))]);
  });

  test('in a second work tree of one repository', { skip }, async (t) => {
    const machine = makeMachine(t);
    git(machine.sources, 'commit', '--quiet', '--allow-empty', '-m', 'first');
    const other = join(machine.work, '1', 'other');
    git(machine.sources, 'worktree', 'add', '--quiet', other);
    const outcome = await run(t, machine, [toFile(join(other, 'password.txt'))]);
    assert.deepEqual(warningsOf(outcome), [warningFor(join(other, 'password.txt'))]);
  });
});

describe('git', { concurrency: 2, skip }, () => {
  const PATHS = {
    'the current folder': () => '.',
    'an empty entry': () => '',
    'a relative folder': () => 'tools',
    'a folder of the repository': ({ sources }) => join(sources, 'tools'),
    'a link to the repository': ({ root, sources }) => {
      fs.symlinkSync(join(sources, 'tools'), join(root, 'linked'));
      return join(root, 'linked');
    },
    'a link to a program of the repository': ({ bin, sources }) => {
      fs.symlinkSync(join(sources, 'tools', 'git'), join(bin, 'git'));
      return bin;
    },
  };
  for (const [name, entry] of Object.entries(PATHS)) {
    test(`of the repository is not run, though PATH names ${name}`, async (t) => {
      const machine = makeMachine(t);
      fs.mkdirSync(join(machine.sources, 'tools'));
      machine.program(join(machine.sources, 'git'));
      machine.program(join(machine.sources, 'tools', 'git'));
      const PATH = `${entry(machine)}:${process.env.PATH}`;
      const outcome = await run(t, machine, LINES, { environment: { PATH } });
      assert.deepEqual(machine.calls(), []);
      assert.deepEqual(warningsOf(outcome), [warningFor(join(machine.sources, 'password.txt'))]);
    });
  }

  test('is asked once about all files, without the secrets of the step, before one is written', async (t) => {
    const machine = makeMachine(t);
    const seen = join(machine.root, 'seen');
    machine.program(
      join(machine.bin, 'git'),
      `ls -A ${machine.sources} > ${seen}; env >> ${seen}; cat >> ${seen}; exit 1`,
    );
    const PATH = `${machine.bin}:${process.env.PATH}`;
    const lines = Array.from({ length: 40 }, (_, index) => toFile(`${index}.txt`));
    const outcome = await run(t, machine, lines, { environment: { PATH } });
    assert.equal(machine.calls().length, 1);
    assert.equal(outcome.commands.filter(({ data }) => data.includes('may be published')).length, 40);
    const text = fs.readFileSync(seen, 'utf8');
    assert.match(text, /39\.txt/);
    assert.doesNotMatch(text, /\.ksm-|SECRET_|INPUT_|ENDPOINT_|s3cr3t/);
  });

  test('runs nothing for a partial clone that lacks what it ignores', async (t) => {
    const machine = makeMachine(t);
    const evil = join(machine.sources, 'evil');
    machine.program(evil);
    git(machine.sources, 'add', '.gitignore');
    git(machine.sources, 'commit', '--quiet', '-m', 'first');
    const objects = join(machine.sources, '.git', 'objects');
    git(machine.sources, 'update-index', '--skip-worktree', '.gitignore');
    fs.rmSync(join(machine.sources, '.gitignore'));
    for (const folder of fs.readdirSync(objects)) {
      if (folder.length === 2) fs.rmSync(join(objects, folder), { recursive: true });
    }
    for (const [name, value] of Object.entries({
      'core.repositoryFormatVersion': '1',
      'extensions.partialClone': 'origin',
      'remote.origin.promisor': 'true',
      'remote.origin.url': 'ssh://localhost/repository',
      'remote.origin.uploadpack': evil,
      'protocol.ssh.allow': 'always',
      'protocol.file.allow': 'always',
      'core.sshCommand': evil,
      'core.fsmonitor': evil,
      'core.hooksPath': machine.sources,
    })) {
      git(machine.sources, 'config', name, value);
    }
    await run(t, machine, LINES);
    git(machine.sources, 'config', 'remote.origin.url', machine.sources);
    await run(t, machine, [toFile('again.txt')]);
    assert.deepEqual(machine.calls(), []);
  });

  const SILENT = {
    'there is none in PATH': { path: (bin) => bin },
    'status 128': { script: 'exit 128', path: (bin) => `${bin}:${process.env.PATH}` },
    'status UNKNOWN': { path: () => process.env.PATH, nodeArguments: ['--require', FORBIDDEN] },
  };
  for (const [reason, { script, path, nodeArguments }] of Object.entries(SILENT)) {
    test(`that says nothing is noted in the log (${reason})`, async (t) => {
      const machine = makeMachine(t);
      if (script) machine.program(join(machine.bin, 'git'), script);
      const environment = { PATH: path(machine.bin) };
      const outcome = await run(t, machine, LINES, { environment, nodeArguments });
      assert.deepEqual([outcome.result, warningsOf(outcome)], ['Succeeded', []]);
      const words = `git could not say whether it ignores the files in ${machine.sources} (${reason})`;
      assert.ok(outcome.log.includes(words), outcome.log.join('\n'));
    });
  }
});
