// The embedded proxy opens tunnels for clients that log in, and does what its faults say.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { describe, test } from 'node:test';
import tls from 'node:tls';
import { makeAuthority, makeCertificates } from '../keeper/certificates.js';
import { startProxy } from './proxy.js';

const LOGIN = { user: 'alice', password: 'p@ss:word' };
const AUTHORIZATION = `Basic ${Buffer.from('alice:p@ss:word').toString('base64')}`;

/** @param {import('node:test').TestContext} t */
async function open(t, options) {
  const proxy = await startProxy(options);
  t.after(() => proxy.close());
  return proxy;
}

/** A server that says hello over TLS. */
async function openServer(t) {
  const { caPem, certPem, keyPem } = await makeCertificates();
  const server = https.createServer({ cert: certPem, key: keyPem }, (_, response) => response.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { target: `localhost:${server.address().port}`, caPem };
}

async function connect(proxy, target, headers = {}, options = {}) {
  const client = proxy.url.startsWith('https') ? https : http;
  const request = client.request(proxy.url, {
    method: 'CONNECT',
    path: target,
    headers,
    agent: false,
    ...options,
  });
  request.end();
  const [response, socket, head] = await once(request, 'connect');
  return { status: response.statusCode, headers: response.headers, socket, head: String(head) };
}

async function greet(socket, caPem) {
  const secure = tls.connect({ socket, servername: 'localhost', ca: caPem });
  secure.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  let answer = '';
  for await (const chunk of secure) answer += chunk;
  return answer;
}

describe('the embedded proxy', () => {
  test('opens a tunnel, and notes it', async (t) => {
    const { target, caPem } = await openServer(t);
    const proxy = await open(t);
    const { status, socket } = await connect(proxy, target);
    assert.equal(status, 200);
    assert.match(await greet(socket, caPem), /hello$/);
    assert.deepEqual(
      proxy.connects.map((seen) => [seen.target, seen.isAuthorized]),
      [[target, true]],
    );
  });

  test('resolves names by itself', async (t) => {
    const { target, caPem } = await openServer(t);
    const proxy = await open(t, { hosts: { 'keeper.example.test:443': target } });
    const { socket } = await connect(proxy, 'keeper.example.test:443');
    assert.match(await greet(socket, caPem), /hello$/);
  });

  test('wants the login that it was given', async (t) => {
    const { target } = await openServer(t);
    const proxy = await open(t, { login: LOGIN, challenge: 'Negotiate' });
    const refused = await connect(proxy, target);
    assert.deepEqual([refused.status, refused.headers['proxy-authenticate']], [407, 'Negotiate']);
    const { status } = await connect(proxy, target, { 'Proxy-Authorization': AUTHORIZATION });
    assert.equal(status, 200);
  });

  test('may be one of HTTPS', async (t) => {
    const { target, caPem } = await openServer(t);
    const certificates = await makeCertificates();
    const proxy = await open(t, { certificates });
    const { socket } = await connect(proxy, target, {}, { ca: certificates.caPem });
    assert.match(await greet(socket, caPem), /hello$/);
  });

  test('may inspect TLS', async (t) => {
    const { target, caPem } = await openServer(t);
    const interceptor = makeAuthority('Company CA');
    const proxy = await open(t, { interceptor });
    const first = await connect(proxy, target);
    await assert.rejects(greet(first.socket, caPem), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    const second = await connect(proxy, target);
    assert.match(await greet(second.socket, interceptor.caPem), /hello$/);
  });

  test('has faults, one for each tunnel', async (t) => {
    const { target, caPem } = await openServer(t);
    const proxy = await open(t, {
      faults: [{ status: 502 }, { destroy: true }, { raw: 'what?' }, { head: 'x' }, { breakAfter: 10 }],
    });
    assert.equal((await connect(proxy, target)).status, 502);
    await assert.rejects(connect(proxy, target), { code: 'ECONNRESET' });
    await assert.rejects(connect(proxy, target), { code: /^HPE_/ });
    assert.equal((await connect(proxy, target)).head, 'x');
    const { socket } = await connect(proxy, target);
    assert.equal(await greet(socket, caPem).catch(() => ''), '');
    assert.equal((await connect(proxy, target)).status, 200);
  });
});
