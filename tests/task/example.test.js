// The example of Keeper's documentation of its Azure DevOps extension, command by command.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { exampleVault } from '../keeper/samples.js';
import { isWindows, shownMode } from '../platform.js';
import { openKeeper, runWithKeeper } from './packed-task.js';

const EXAMPLE = [
  '6ya_fdc6XTsZ7i7x4Jcodg/field/password > var:var_password',
  '6ya_fdc6XTsZ7i7x4Jcodg/field/password > out_password2',
  '6ya_fdc6XTsZ7i7x4Jcodg/field/password > out:out_password',
  '6ya_fdc6XTsZ7i7x4Jcodg/field/oneTimeCode > var:MyOneTimeCode',
  '6ya_fdc6XTsZ7i7x4Jcodg/custom_field/notes > MyNotes',
  '6ya_fdc6XTsZ7i7x4Jcodg/file/build-vsix.sh > file:$(Agent.TempDirectory)/build-vsix.sh',
];

// Modes mean nothing on Windows, so they are not mentioned there.
const MODE = isWindows ? '' : ', mode 0600';

const NOW = '2026-03-04T05:06:07Z';
const SCRIPT = '#!/bin/sh\nset -e\necho "packing the extension"\n';

/** @param {import('node:test').TestContext} t */
async function runExample(t, { now = NOW, secrets = EXAMPLE } = {}) {
  const keeper = await openKeeper(t, { holds: exampleVault() });
  return { keeper, run: await runWithKeeper(t, { keeper, secrets, now }) };
}

/** The commands without those of the task library's own debugging. */
const commandsOf = (run) =>
  run.commands.filter(({ event }) => event !== 'debug').map(({ raw }) => raw.replace(/^##vso/, ''));

test('masks come first, then what is set in the order of the lines, then the one result', async (t) => {
  const { keeper, run } = await runExample(t);
  const commands = commandsOf(run);
  const isMask = (command) => command.startsWith('[task.setsecret]');
  const code = codeAt(NOW);

  assert.equal(commands[0], `[task.setsecret]${keeper.configBase64}`);
  const isWarning = (command) => command.startsWith('[task.logissue type=warning;');
  assert.equal(commands.filter(isWarning).length, 1);
  const others = commands.filter((command) => !isWarning(command));
  assert.deepEqual(others.slice(run.masks.length), [
    '[task.setvariable variable=var_password;isOutput=false;issecret=true;]s3cr3t-p4ssw0rd',
    '[task.setvariable variable=out_password2;isOutput=true;issecret=true;]s3cr3t-p4ssw0rd',
    '[task.setvariable variable=out_password;isOutput=true;issecret=true;]s3cr3t-p4ssw0rd',
    `[task.setvariable variable=MyOneTimeCode;isOutput=false;issecret=true;]${code}`,
    '[task.setvariable variable=MyNotes;isOutput=true;issecret=true;]remember the milk',
    '[task.complete result=Succeeded;]',
  ]);
  assert.ok(others.slice(0, run.masks.length).every(isMask));
  const { clientId, privateKey, appKey } = keeper.config;
  assert.deepEqual(
    [clientId, privateKey, appKey, keeper.configJson].filter((part) => !run.masks.includes(part)),
    [],
  );
});

test('values are masked as they are in the order of the mapping lines, then in the forms that tools print', async (t) => {
  const { run } = await runExample(t);
  assert.deepEqual(run.masks.slice(run.masks.indexOf('s3cr3t-p4ssw0rd')), [
    ...['s3cr3t-p4ssw0rd', 'remember the milk', SCRIPT, SCRIPT.trim(), codeAt(NOW)],
    // As it is in a logging command.
    '#!/bin/sh%0Aset -e%0Aecho "packing the extension"%0A',
    // Base64, at each offset in the text that gets encoded.
    ...['czNjcjN0LXA0c3N3MHJk', 'MzY3IzdC1wNHNzdzByZ', 'zM2NyM3QtcDRzc3cwcm'],
    ...['cmVtZW1iZXIgdGhlIG1pbG', 'JlbWVtYmVyIHRoZSBtaWxr', 'yZW1lbWJlciB0aGUgbWlsa'],
    'IyEvYmluL3NoCnNldCAtZQplY2hvICJwYWNraW5nIHRoZSBleHRlbnNpb24i',
    'MhL2Jpbi9zaApzZXQgLWUKZWNobyAicGFja2luZyB0aGUgZXh0ZW5zaW9uI',
    'jIS9iaW4vc2gKc2V0IC1lCmVjaG8gInBhY2tpbmcgdGhlIGV4dGVuc2lvbi',
    // In an HTML form, as JSON by .NET and by PHP, and in a shell.
    'remember+the+milk',
    '#!/bin/sh\\nset -e\\necho \\u0022packing the extension\\u0022',
    '#!\\/bin\\/sh\\nset -e\\necho \\"packing the extension\\"',
    '#!/bin/sh\\nset -e\\necho "packing the extension"',
  ]);
});

test('the attachment lies in the temporary folder, for its owner alone', async (t) => {
  const { run } = await runExample(t);
  assert.deepEqual(
    run.files.map(({ path, mode }) => [basename(path), mode]),
    [['build-vsix.sh', shownMode(0o600)]],
  );
  assert.equal(readFileSync(`${run.folders.temp}/build-vsix.sh`, 'utf8'), SCRIPT);
});

test('the two-factor code is the one of the moment', async (t) => {
  for (const now of ['2005-03-18T01:58:31Z', '2026-03-04T05:06:07Z', '2033-05-18T03:33:20Z']) {
    const { run } = await runExample(t, { now, secrets: [EXAMPLE[3]] });
    const { value } = run.variables.MyOneTimeCode;
    assert.match(value, /^\d{6}$/);
    assert.equal(value, codeAt(now));
  }
});

test('the log ends with a table of what was done, without values', async (t) => {
  const secrets = EXAMPLE.map((line) => line.replace('$(Agent.TempDirectory)/', ''));
  const { run } = await runExample(t, { secrets });
  assert.deepEqual(run.log, [
    '##[warning]secret output variables can show in the log of another stage that maps them; fetch the secret ' +
      'again where it is needed, or set `outputPolicy` to `allow`',
    'line  secret                                     destination',
    '   1  6ya_fdc6XTsZ7i7x4Jcodg/field/password      var:var_password    masked',
    '   2  6ya_fdc6XTsZ7i7x4Jcodg/field/password      out_password2       masked',
    '   3  6ya_fdc6XTsZ7i7x4Jcodg/field/password      out:out_password    masked',
    '   4  6ya_fdc6XTsZ7i7x4Jcodg/field/oneTimeCode   var:MyOneTimeCode   masked',
    '   5  6ya_fdc6XTsZ7i7x4Jcodg/custom_field/notes  MyNotes             masked',
    `   6  6ya_fdc6XTsZ7i7x4Jcodg/file/build-vsix.sh  file:build-vsix.sh  46 bytes${MODE}, masked`,
    '1 request, 1 download, 0 retries, 1 record, 0 ms',
  ]);
});

/** RFC 6238 with SHA-1, six digits and 30 seconds, for the seed of its test vectors. */
function codeAt(now) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.parse(now) / 30_000)));
  const hash = createHmac('sha1', '12345678901234567890').update(counter).digest();
  const number = hash.readUInt32BE(hash[19] & 0x0f) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}
