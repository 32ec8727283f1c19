// A request is sealed while the connection is being made, so that computing costs no extra time.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import { Worker } from 'node:worker_threads';
import { initSync } from '../../pkg/core.js';
import { inProject } from '../../scripts/paths.js';
import { Connections } from '../../task/network/connections.js';
import { exchange } from '../../task/network/exchange.js';
import { makeCertificates } from '../keeper/certificates.js';

initSync({ module: readFileSync(inProject('pkg', 'core_bg.wasm')) });

const { caPem, certPem, keyPem } = await makeCertificates();
const NO_SIGNAL = new AbortController().signal;

/** Sends a `POST` and returns its outcome, with what was received and how often it was sealed. */
async function post(t, port, { signal = NO_SIGNAL, seal = () => {}, connections = connect(t) } = {}) {
  const url = new URL(`https://localhost:${port}/`);
  const request = {
    method: 'POST',
    url: url.href,
    limit: 1_000,
    delayMs: 0,
    timeoutMs: 20_000,
    silenceMs: 30_000,
  };
  let seals = 0;
  let body = '';
  const outcome = await exchange(request, (chunk) => void (body += chunk), {
    url,
    isKeeper: true,
    connections,
    signal,
    seal() {
      seals++;
      seal();
      return { headers: [['X-Sealed', `${seals}`]], body: Buffer.from('sealed') };
    },
  });
  return { outcome, body, seals };
}

function connect(t) {
  const context = tls.createSecureContext({ ca: caPem });
  const agent = new Connections(1, { identified: context, anonymous: context });
  t.after(() => agent.destroy());
  return agent;
}

async function listen(t, server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return /** @type {net.AddressInfo} */ (server.address()).port;
}

test('what cannot connect is not sealed', async (t) => {
  const closed = net.createServer();
  const port = await listen(t, closed);
  closed.close();
  const { outcome, seals } = await post(t, port);
  assert.deepEqual([outcome.code, seals], ['ECONNREFUSED', 0]);
});

test('what is no longer wanted is not sealed', async (t) => {
  const port = await listen(t, net.createServer());
  const { outcome, seals } = await post(t, port, { signal: AbortSignal.abort() });
  assert.deepEqual([outcome.code, seals], ['ABORT_ERR', 0]);
});

test('the server has its first word of TLS before the request is sealed', async (t) => {
  const heard = new Int32Array(new SharedArrayBuffer(4));
  // On a separate thread, since sealing blocks this one.
  const server = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const server = require('node:net').createServer((socket) => {
       socket.on('error', () => {}).once('data', ([first]) => {
         Atomics.store(workerData, 0, first);
         Atomics.notify(workerData, 0);
       });
     });
     server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
    { eval: true, workerData: heard },
  );
  t.after(() => server.terminate());
  const [port] = await once(server, 'message');
  const cancellation = new AbortController();
  const { outcome, seals } = await post(t, port, {
    signal: cancellation.signal,
    seal() {
      Atomics.wait(heard, 0, 0, 10_000);
      cancellation.abort();
    },
  });
  assert.deepEqual([outcome.code, seals], ['ABORT_ERR', 1]);
  assert.equal(Atomics.load(heard, 0), 22, 'a handshake record (RFC 8446, 5.1)');
});

test('each request is sealed once, also on a connection that is there', async (t) => {
  let count = 0;
  const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    const { 'x-sealed': sealed, 'content-length': length } = request.headers;
    request.once('data', (body) => response.end(`${sealed} ${length} ${body}`));
  }).on('secureConnection', () => count++);
  const port = await listen(t, server);
  const connections = connect(t);
  for (let round = 0; round < 3; round++) {
    const { outcome, body, seals } = await post(t, port, { connections });
    assert.deepEqual([outcome.status, body, seals], [200, '1 6 sealed', 1]);
  }
  assert.equal(count, 1);
  connections.destroy();
});
