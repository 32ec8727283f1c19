// How many requests and connections a run takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { clientCertPath, clientKeyPath, LARGE, PASSPHRASE, PASSWORD, runIn, SMALL } from './world.js';

const NEVER_SETTLES = fileURLToPath(new URL('never-settles.cjs', import.meta.url));
const NAMES = Array.from({ length: 30 }, (_, index) => `file${index}`);
const many = (bytes) => [
  {
    title: 'Database',
    fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }],
    files: NAMES.map((name) => ({ name, bytes })),
  },
];
const lines = [PASSWORD, ...NAMES.map((name) => `Database/file/${name} > file:${name}`)];

for (const [size, bytes] of Object.entries({ small: 1_000, large: 100_000 })) {
  test(`${size} attachments come side by side, over twenty connections at most, each once`, async (t) => {
    // No attachment arrives before the maximum number of concurrent requests is reached.
    let release = () => {};
    const until = new Promise((resolve) => (release = resolve));
    let asked = 0;
    const faults = ({ fileUid }) => {
      if (fileUid && ++asked === 20) release();
      return fileUid && { until };
    };
    const { run, world } = await runIn(t, { keeper: { holds: many(bytes) }, faults, secrets: lines });
    assert.equal(run.result, 'Succeeded', run.log.join('\n'));
    assert.equal(run.unmaskedOutput.includes('MaxListenersExceededWarning'), false);
    assert.equal(run.files.length, NAMES.length);
    const downloads = world.keeper.requests.flatMap(({ fileUid }) => fileUid ?? []);
    assert.equal(downloads.length, NAMES.length);
    assert.equal(new Set(downloads).size, NAMES.length);
    const connections = new Set(world.keeper.requests.map(({ connection }) => connection));
    assert.equal(connections.size, 20);
  });
}

test('a connection stays open from one request to the next', async (t) => {
  const { run, world } = await runIn(t, { faults: [{ status: 503 }], secrets: [PASSWORD, SMALL, LARGE] });
  assert.equal(run.result, 'Succeeded', run.log.join('\n'));
  assert.deepEqual(
    world.keeper.requests.map(({ endpoint, connection }) => [endpoint ?? 'download', connection]),
    [
      ['get_secret', 1],
      ['get_secret', 1],
      ['download', 1],
      ['download', 1],
    ],
  );
});

test('a tunnel stays open from one request to the next', async (t) => {
  const { run, world } = await runIn(t, {
    faults: [{ status: 503 }],
    secrets: [PASSWORD, SMALL, LARGE],
    proxy: {},
    agent: ({ proxy }) => ({ variables: { 'Agent.ProxyUrl': proxy.url } }),
  });
  assert.equal(run.result, 'Succeeded', run.log.join('\n'));
  assert.equal(world.keeper.requests.length, 4);
  assert.deepEqual(
    world.proxy?.connects.map(({ target }) => target),
    [world.host],
  );
});

test('an attachment that several lines want is loaded once, into all of their files', async (t) => {
  const { run, world } = await runIn(t, {
    secrets: [LARGE, 'Database/file/large.bin > file:copy.bin', SMALL, 'Database/file/small.pem > var:PEM'],
  });
  assert.equal(run.result, 'Succeeded', run.log.join('\n'));
  assert.deepEqual(
    run.files.map(({ size }) => size),
    [1_000_000, 1_000_000, 15],
  );
  assert.equal(run.variables.PEM.value, 'the-certificate');
  assert.equal(world.keeper.requests.length, 3);
});

test('the log counts what was sent and what was sent again', async (t) => {
  const { run } = await runIn(t, {
    faults: [{ destroy: true }, { throttled: 5 }, { on: 'download', expired: true }],
    secrets: [PASSWORD, SMALL],
  });
  assert.match(String(run.log.at(-1)), /^4 requests, 2 downloads, 3 retries, 1 record, \d+ ms$/);
});

test("the agent's client certificate is for Keeper and not for hosts that the vault names", async (t) => {
  const shown = async (storageName) => {
    const { run, world } = await runIn(t, {
      secrets: [PASSWORD, SMALL, LARGE],
      // The address expires, so that Keeper is asked again after the storage.
      faults: [{ on: 'download', expired: true }],
      keeper: { storageName, tls: { requestCert: true, rejectUnauthorized: false } },
      agent: () => ({
        variables: { 'Agent.ClientCert': clientCertPath, 'Agent.ClientCertKey': clientKeyPath },
        secretVariables: { 'Agent.ClientCertPassword': PASSPHRASE },
      }),
    });
    assert.equal(run.result, 'Succeeded', run.log.join('\n'));
    const seen = world.keeper.requests.map(({ endpoint = 'download', client }) => `${endpoint} ${client}`);
    return [...new Set(seen)];
  };
  const NAME = 'agent.example.test';
  assert.deepEqual(await shown('127.0.0.1'), [`get_secret ${NAME}`, 'download undefined']);
  // A host with Keeper's own name has seen it already.
  assert.deepEqual(await shown('localhost'), [`get_secret ${NAME}`, `download ${NAME}`]);
});

test('a task that waits for nothing any more fails and leaves nothing', async (t) => {
  const { run } = await runIn(t, {
    secrets: [PASSWORD, LARGE],
    agent: () => ({ nodeArguments: ['--require', NEVER_SETTLES] }),
  });
  assert.equal(run.result, 'Failed');
  assert.deepEqual(
    run.issues.map(({ message }) => message.split('\n')[0]),
    ['the task was waiting for something that can no longer happen; nothing was set'],
  );
  assert.deepEqual([run.exitCode, run.variables, run.files], [0, {}, []]);
});
