// The files that the task agrees to read: mapping files, templates and certificates.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isWindows, withoutLinks } from '../platform.js';
import { errorsOf, openKeeper, runWithKeeper } from './packed-task.js';

const HOLDS = [{ title: 'Database', fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }] }];
const TEXT = 'password: ${keeper://Database/field/password}';
const OUTSIDE = 'it is outside of the working directory, or a link leads there';
const NOT_PLAIN = 'it is not a plain file';
const withoutDevices = isWindows && 'Windows has no such files';

/** A machine: the agent's folders with a checked-out repository, and a file outside them. */
function makeMachine(t) {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'reading-')));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  const sources = join(root, 'agent', '_work', '1', 's');
  fs.mkdirSync(join(sources, '.git'), { recursive: true });
  fs.mkdirSync(join(sources, 'folder'));
  fs.writeFileSync(join(sources, '.git', 'config'), 'AUTHORIZATION: basic');
  fs.writeFileSync(join(sources, 'app.yaml'), TEXT);
  fs.writeFileSync(join(root, 'agent', '.credentials'), TEXT);
  fs.writeFileSync(join(root, 'outside.yaml'), TEXT);
  const link = (to, name) => fs.symlinkSync(to, join(sources, name));
  return { root, sources, link, work: join(root, 'agent', '_work') };
}

/** @param {import('node:test').TestContext} t */
async function run(t, { sources, work }, inputs, secrets = []) {
  const keeper = await openKeeper(t, { holds: HOLDS });
  return runWithKeeper(t, {
    keeper,
    secrets,
    agent: { sourcesFolder: sources, workFolder: work, inputs, timeoutMs: 20_000 },
  });
}

/** @param {import('node:test').TestContext} t @param {ReturnType<typeof makeMachine>} machine @param {string} path */
async function assertRefused(t, machine, path, reason) {
  const outcome = await run(t, machine, { templates: `${path} > out.txt`, secretsFile: path });
  assert.deepEqual(
    errorsOf(outcome).map((problem) => problem.split('\n')[0]),
    [
      `the file \`${path}\` cannot be read: ${reason}`,
      `templates, line 1, column 1: the template cannot be read: ${reason}`,
      '2 problems; nothing was set',
    ],
  );
  assert.equal(fs.existsSync(join(machine.sources, 'out.txt')), false);
}

/** @type {Record<string, { make?: (machine: ReturnType<typeof makeMachine>) => void, path?: string | ((machine: ReturnType<typeof makeMachine>) => string), reason: string, skip?: string | false }>} */
const REFUSED = {
  'a link to the environment of the task': {
    make: ({ link }) => link('/proc/self/environ', 'app'),
    reason: NOT_PLAIN,
    skip: withoutDevices,
  },
  'a link to a link to the environment of the task': {
    make: ({ link }) => {
      link('/proc/self/environ', 'folder/inner');
      link('folder/inner', 'app');
    },
    reason: NOT_PLAIN,
    skip: withoutDevices,
  },
  'the environment of the task by its path': {
    path: '/proc/self/environ',
    reason: NOT_PLAIN,
    skip: withoutDevices,
  },
  'what never ends': { path: '/dev/zero', reason: NOT_PLAIN, skip: withoutDevices },
  'a link to what never ends': {
    make: ({ link }) => link('/dev/zero', 'app'),
    reason: NOT_PLAIN,
    skip: withoutDevices,
  },
  "a pseudo file of the kernel's": {
    path: '/sys/kernel/uevent_seqnum',
    reason: NOT_PLAIN,
    skip: withoutDevices,
  },
  "a link to the agent's credentials": {
    make: ({ link }) => link('../../../.credentials', 'app'),
    reason: OUTSIDE,
    skip: withoutLinks,
  },
  'a link to a file outside, by an absolute path': {
    make: ({ link, root }) => link(join(root, 'outside.yaml'), 'app'),
    path: ({ sources }) => join(sources, 'app'),
    reason: OUTSIDE,
    skip: withoutLinks,
  },
  'a file in a linked folder': {
    make: ({ link, root }) => link(root, 'linked'),
    path: 'linked/outside.yaml',
    reason: OUTSIDE,
    skip: withoutLinks,
  },
  'a relative path that leaves': { path: '../../../../outside.yaml', reason: OUTSIDE },
  "a link to git's own settings": {
    make: ({ link }) => link('.git/config', 'app'),
    reason: OUTSIDE,
    skip: withoutLinks,
  },
  'a link out of a downloaded artifact': {
    make: ({ work }) => {
      fs.mkdirSync(join(work, '1', 'drop'));
      fs.symlinkSync('../../../.credentials', join(work, '1', 'drop', 'app'));
    },
    path: ({ work }) => join(work, '1', 'drop', 'app'),
    reason: OUTSIDE,
    skip: withoutLinks,
  },
  'a pipe that nobody writes to': {
    make: ({ sources }) => spawnSync('mkfifo', [join(sources, 'app')]),
    reason: NOT_PLAIN,
    skip: withoutDevices,
  },
  'a circle of links': {
    make: ({ link }) => link('app', 'app'),
    reason: 'its symbolic links form a loop',
    skip: withoutLinks,
  },
  'a path below a file': { path: 'app.yaml/app', reason: 'a part of its path is not a folder' },
};

describe('the task does not read', { concurrency: 2 }, () => {
  for (const [name, { make, path = 'app', reason, skip = false }] of Object.entries(REFUSED)) {
    test(name, { skip }, async (t) => {
      const machine = makeMachine(t);
      make?.(machine);
      await assertRefused(t, machine, typeof path === 'string' ? path : path(machine), reason);
    });
  }

  for (const [name, path] of Object.entries({
    'a certificate that is the environment': '/proc/self/environ',
    'a certificate that never ends': '/dev/zero',
    'a certificate from a pipe': 'app',
  })) {
    test(name, { skip: withoutDevices }, async (t) => {
      const machine = makeMachine(t);
      spawnSync('mkfifo', [join(machine.sources, 'app')]);
      const outcome = await run(t, machine, { caCertificate: path }, ['Database/field/password > var:A']);
      assert.match(errorsOf(outcome)[0], /^`caCertificate` is neither a certificate in PEM nor the path of/);
    });
  }

  test('more than 64 MiB in all', async (t) => {
    const machine = makeMachine(t);
    fs.writeFileSync(join(machine.sources, 'large'), Buffer.alloc(4 * 1024 * 1024, 'x'));
    const templates = Array.from({ length: 17 }, (_, index) => `large > ${index}.txt`).join('\n');
    const outcome = await run(t, machine, { templates });
    assert.deepEqual(
      errorsOf(outcome).map((problem) => problem.split('\n')[0]),
      [
        'templates, line 17, column 1: the template cannot be read: the files that the step reads have more than 64 MiB together',
      ],
    );
  });
});

describe('the task reads', { concurrency: 2 }, () => {
  const READ = {
    'a plain file': { path: () => 'app.yaml' },
    'a link that stays inside': {
      make: ({ link }) => link('app.yaml', 'folder/../app'),
      path: () => 'app',
      skip: withoutLinks,
    },
    'a file outside, by its absolute path': { path: ({ root }) => join(root, 'outside.yaml') },
    'a file of the working directory, by the path of a linked work folder': {
      make: ({ root, work }) => fs.symlinkSync(work, join(root, 'linked')),
      path: ({ root }) => join(root, 'linked', '1', 's', 'app.yaml'),
      skip: withoutLinks,
    },
  };
  for (const [name, { make, path, skip = false }] of Object.entries(READ)) {
    test(name, { skip }, async (t) => {
      const machine = makeMachine(t);
      make?.(machine);
      const outcome = await run(t, machine, { templates: `${path(machine)} > out.txt` });
      assert.deepEqual(errorsOf(outcome), []);
      assert.equal(fs.readFileSync(join(machine.sources, 'out.txt'), 'utf8'), 'password: s3cr3t-p4ssw0rd');
    });
  }
});
