// If the core traps or is broken, the task fails once, with a message, and without any part of a secret.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isWindows } from '../platform.js';
import { breakFunction, copyTask, corePath } from './altered-task.js';
import { letters } from './hostile-values.js';
import { REPORT, openKeeper, runWithKeeper } from './packed-task.js';
import { Windows, windowsIn } from './windows.js';

const PASSWORD = letters('password', 40);
const HOLDS = [
  {
    title: 'Database',
    fields: [{ type: 'password', value: [PASSWORD] }],
    files: [{ name: 'large.bin', bytes: 100_000 }],
  },
];
const LINES = [
  'Database/field/password > var:DB_PASSWORD',
  'Database/field/password > file:password.txt',
  'Database/file/large.bin > file:folder/large.bin',
];
const KNOWN = windowsIn(LINES);
const windows = new Windows(KNOWN);
windows.add('password', PASSWORD);

const stopped = (kind) => `the task stopped unexpectedly (${kind}); nothing was set\nhint: ${REPORT}`;
const TRAP = stopped('RuntimeError');

/** @type {Record<string, { alter: (folder: string) => void, message?: string | RegExp }>} */
const ALTERATIONS = {
  'the core is missing': { alter: (folder) => fs.rmSync(corePath(folder)), message: stopped('ENOENT') },
  'the core is empty': {
    alter: (folder) => fs.writeFileSync(corePath(folder), ''),
    message: stopped('CompileError'),
  },
  'the core is cut': {
    alter: (folder) => fs.truncateSync(corePath(folder), 100_000),
    message: stopped('CompileError'),
  },
  'the core is something else': {
    alter: (folder) => fs.writeFileSync(corePath(folder), PASSWORD),
    message: stopped('CompileError'),
  },
  ...Object.fromEntries(
    [
      'environment_new',
      'environment_masks',
      'environment_proxyFor',
      isWindows ? 'icaclsArguments' : 'modeIfOpen',
      'publicationWarnings',
      'certificatePath',
      'run_new',
      'run_step',
      'run_seal',
      'run_haveAsked',
      'run_openDownload',
      'run_haveLoaded',
      'run_report',
      'progress_new',
      'progress_enter',
      'progress_begin',
      'progress_receive',
      'progress_end',
    ].map((name) => [`${name} panics`, { alter: (folder) => breakFunction(folder, name), message: TRAP }]),
  ),
  'there are no random bytes': {
    alter(folder) {
      const script = join(folder, 'main.js');
      const text = fs.readFileSync(script, 'utf8');
      const altered = text.replace('globalThis.crypto.getRandomValues(', 'globalThis.crypto.nothing(');
      assert.notEqual(altered, text);
      fs.writeFileSync(script, altered);
    },
    message: 'the system gave no random bytes',
  },
  ...Object.fromEntries(
    ['attachmentstream_update', 'attachmentstream_finish'].map((name) => [
      `${name} panics`,
      {
        alter: (folder) => breakFunction(folder, name),
        message: /^(the task stopped|line 3, column 1: the download) /,
      },
    ]),
  ),
};

describe('the task fails once and in words when', { concurrency: 2 }, () => {
  for (const [name, { alter, message }] of Object.entries(ALTERATIONS)) {
    test(name, async (t) => {
      const altered = copyTask();
      t.after(() => fs.rmSync(altered, { recursive: true, force: true }));
      alter(altered);
      const keeper = await openKeeper(t, { holds: HOLDS });
      const run = await runWithKeeper(t, {
        keeper,
        secrets: LINES,
        isConfigInline: true,
        agent: { taskFolder: altered, debug: true },
      });

      assert.equal(run.result, 'Failed');
      assert.equal(run.exitCode, 0);
      const [told, ...others] = run.issues
        .filter(({ type }) => type === 'error')
        .map(({ rawMessage }) => rawMessage);
      assert.deepEqual(others, []);
      if (message instanceof RegExp) assert.match(told, message);
      else assert.equal(told, message);
      assert.deepEqual(run.files, []);
      assert.deepEqual(
        run.commands.filter(({ event }) => event === 'setvariable'),
        [],
      );
      assert.deepEqual(windows.findIn(run.log), []);
      const ofConfig = new Windows(KNOWN);
      for (const part of ['clientId', 'privateKey', 'appKey']) ofConfig.add(part, keeper.config[part]);
      ofConfig.add('config', keeper.configBase64);
      assert.deepEqual(ofConfig.findIn(run.log), []);
      assert.equal(/\bat \S+ \(|wasm-function|unreachable/.test(run.unmaskedOutput), false, 'a stack trace');
    });
  }
});
