// Throwaway certificates are good enough for a strict client, and only for the names they were made for.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import { test } from 'node:test';
import { makeAuthority, makeCertificates } from './certificates.js';

test('a certificate is signed by its authority and names its hosts', async () => {
  const { caPem, certPem } = await makeCertificates({ names: ['proxy.test', 'localhost', '127.0.0.1'] });
  const [authority, certificate] = [new X509Certificate(caPem), new X509Certificate(certPem)];
  assert.equal(authority.ca, true);
  assert.equal(certificate.ca, false);
  assert.equal(certificate.verify(authority.publicKey), true);
  assert.equal(certificate.checkIssued(authority), true);
  assert.equal(certificate.subjectAltName, 'DNS:proxy.test, DNS:localhost, IP Address:127.0.0.1');
});

test('a client that trusts the authority connects, to the names of the certificate alone', async () => {
  const authority = makeAuthority();
  const certificates = await makeCertificates({ authority });
  assert.equal(await handshake(certificates, { ca: authority.caPem, servername: 'localhost' }), 'secure');
  assert.equal(
    await handshake(certificates, { ca: authority.caPem, servername: 'other.test' }),
    'ERR_TLS_CERT_ALTNAME_INVALID',
  );
});

test('a client that trusts another authority of the same name does not connect', async () => {
  const certificates = await makeCertificates();
  const outcome = await handshake(certificates, { ca: makeAuthority().caPem, servername: 'localhost' });
  assert.match(outcome, /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)$/);
});

async function handshake({ certPem, keyPem }, options) {
  const server = createServer({ cert: certPem, key: keyPem }, (socket) => socket.end());
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect({ ...options, host: '127.0.0.1', port: server.address().port });
  try {
    await once(socket, 'secureConnect');
    return 'secure';
  } catch (error) {
    return error.code;
  } finally {
    socket.destroy();
    server.close();
  }
}
