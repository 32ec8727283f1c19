// No part of a secret reaches a program that the task starts, by its command line, its environment or its input.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { openKeeper, runWithKeeper } from './packed-task.js';

const skip = process.platform === 'win32' && 'it takes a shell of Unix';

const PASSWORD = 's3cr3t-p4ssw0rd';
const HOLDS = [{ title: 'Database', fields: [{ type: 'password', value: [PASSWORD] }] }];

const GIT = `#!/bin/sh
here=$(dirname "$0")
{ printf '%s\\n' "$@"; env; cat; } >> "$here/seen.txt"
exit 1
`;

test('git learns names of files, and nothing else', { skip }, async (t) => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'git-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  fs.writeFileSync(join(folder, 'git'), GIT, { mode: 0o755 });
  // Outside the agent's folders, whose programs the task would not start.
  const work = fs.mkdtempSync(join(tmpdir(), 'work-'));
  t.after(() => fs.rmSync(work, { recursive: true }));
  const sourcesFolder = join(work, 'sources');
  fs.mkdirSync(join(sourcesFolder, '.git'), { recursive: true });
  fs.writeFileSync(join(sourcesFolder, '.git', 'HEAD'), 'ref: refs/heads/main\n');
  const keeper = await openKeeper(t, { holds: HOLDS });
  const outcome = await runWithKeeper(t, {
    keeper,
    secrets: ['Database/field/password > file:password.txt', 'Database/field/password > env:PASSWORD'],
    agent: {
      sourcesFolder,
      secretVariables: { token: 't0k3n-of-the-job', 'Agent.ProxyPassword': 'pr0xy-p4ss' },
      environment: { PATH: `${folder}${delimiter}${process.env.PATH}`, KSM_CONFIG: keeper.configJson },
      inputs: { keepersecretconfig: '' },
    },
  });
  assert.equal(outcome.result, 'Succeeded');
  const seen = fs.readFileSync(join(folder, 'seen.txt'), 'utf8');
  assert.ok(seen.includes('password.txt'));
  const { appKey, privateKey, clientId } = keeper.config;
  const secrets = [
    PASSWORD,
    't0k3n-of-the-job',
    'pr0xy-p4ss',
    appKey,
    privateKey,
    clientId,
    keeper.configBase64,
  ];
  assert.deepEqual(
    secrets.filter((secret) => seen.includes(secret)),
    [],
  );
});
