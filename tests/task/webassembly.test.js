// Messages on an agent where Node cannot run WebAssembly.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorsOf, openKeeper, runWithKeeper } from './packed-task.js';

const SECRETS = ['Database/field/password > var:A'];

/**
 * @param {import('node:test').TestContext} t
 * @param {Partial<import('../agent/agent.js').Options>} agent
 */
async function failWith(t, agent) {
  const keeper = await openKeeper(t, {});
  const run = await runWithKeeper(t, { keeper, secrets: SECRETS, agent });
  assert.deepEqual([run.result, run.exitCode, keeper.requests], ['Failed', 0, []], run.log.join('\n'));
  return errorsOf(run)[0];
}

test('without WebAssembly', async (t) => {
  assert.equal(
    await failWith(t, { nodeArguments: ['--jitless'] }),
    'this agent runs Node without WebAssembly, which the task needs; nothing was set\n' +
      'hint: remove `--jitless` from NODE_OPTIONS',
  );
});

test('without WebAssembly and with System.Debug, no input is printed', async (t) => {
  const keeper = await openKeeper(t, {});
  const agent = { nodeArguments: ['--jitless'], debug: true };
  const run = await runWithKeeper(t, { keeper, secrets: ['my-secret-line > var:A'], agent });
  assert.equal(run.result, 'Failed');
  // Nothing is masked yet, so nothing may be shown: neither the config nor a line.
  assert.deepEqual(run.masks, []);
  for (const text of [keeper.configBase64, 'my-secret-line'])
    assert.equal(run.unmaskedOutput.includes(text), false);
});

test('with too little address space', { skip: process.platform !== 'linux' }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ksm-memory-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const nodePath = join(folder, 'node');
  writeFileSync(nodePath, `#!/bin/sh\nulimit -v ${8 * 1024 * 1024}\nexec "${process.execPath}" "$@"\n`);
  chmodSync(nodePath, 0o755);
  assert.equal(
    await failWith(t, { nodePath }),
    'this agent does not let WebAssembly reserve the address space that it needs; nothing was set\n' +
      'hint: raise the limit (`ulimit -v`), or set NODE_OPTIONS to `--disable-wasm-trap-handler`',
  );
});
