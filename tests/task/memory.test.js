// The core's secrets are wiped when the run ends.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openKeeper, runWithKeeper } from './packed-task.js';

const MEMORY_AT_EXIT = fileURLToPath(new URL('memory-at-exit.cjs', import.meta.url));
/** It needs escapes, so that forms are made of it and dropped. */
const PASSWORD = 's3cr3t-"p4ssw0rd"-$that\'s-long';
const HOLDS = [
  {
    title: 'Database',
    fields: [{ type: 'password', value: [PASSWORD] }],
    files: [{ name: 'a.env', text: `DB_PASSWORD=${PASSWORD}\n` }],
  },
];
const ALL_KINDS = ['Database/* > var:D_*', 'Database/* > var+json:J', 'Database/file/a.env > file:a.env'];

for (const [when, secrets, result] of [
  ['it succeeds', ['Database/field/password > var:A', 'Database/field/password > file:a'], 'Succeeded'],
  ['it succeeds with records and attachments', ALL_KINDS, 'Succeeded'],
  ['it fails', ['Database/field/password > var:A', 'Database/field/none > var:B'], 'Failed'],
]) {
  test(`the core's memory holds no key, no config and no value at the end: ${when}`, async (t) => {
    const folder = fs.mkdtempSync(join(tmpdir(), 'memory-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const keeper = await openKeeper(t, { holds: HOLDS });
    const { appKey, privateKey, clientId } = keeper.config;
    const base64 = (text) => Buffer.from(text).toString('base64');
    // The scalar in PKCS#8 (RFC 5208, RFC 5915) follows 36 bytes that are the same for all P-256 keys.
    const scalar = Buffer.from(privateKey, 'base64').subarray(36, 68).toString('base64');
    const needles = [
      appKey,
      scalar,
      base64(appKey),
      base64(privateKey.slice(0, 40)),
      base64(clientId.slice(0, 40)),
      base64(keeper.configBase64.slice(20, 80)),
      base64(PASSWORD.slice(0, 12)),
      base64(PASSWORD.slice(-12)),
    ];
    const report = join(folder, 'report.json');
    const run = await runWithKeeper(t, {
      keeper,
      secrets,
      agent: {
        nodeArguments: ['--require', MEMORY_AT_EXIT],
        environment: { MEMORY_NEEDLES: JSON.stringify(needles), MEMORY_REPORT: report },
      },
    });
    assert.equal(run.result, result);
    const { size, found } = JSON.parse(fs.readFileSync(report, 'utf8'));
    assert.ok(size > 0);
    assert.deepEqual(
      found.map((needle) => needles.indexOf(needle)),
      [],
    );
  });
}
