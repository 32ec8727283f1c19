// The embedded Keeper's cryptography agrees with third-party vectors.

import assert from 'node:assert/strict';
import { createECDH, createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { open, openFor, seal } from './ciphers.js';
import { openRequest } from './request.js';

const vectors = JSON.parse(readFileSync(new URL('../vectors/ksm-vectors.json', import.meta.url), 'utf8'));
const bytes = (base64) => Buffer.from(base64, 'base64');

describe('the published vectors', () => {
  test('hold an ECIES blob that opens with the server key, and with no byte of it changed', () => {
    const blob = bytes(vectors.ecies.blobB64);
    assert.deepEqual(openFor(serverKey(), blob), bytes(vectors.ecies.plaintextB64));
    for (const index of [0, 1, 64, 65, 77, 124]) {
      const changed = Buffer.from(blob);
      changed[index] ^= 0x01;
      assert.throws(() => openFor(serverKey(), changed), `byte ${index}`);
    }
    assert.throws(() => openFor(serverKey(), blob.subarray(0, -1)));
  });

  test('hold requests that the server opens and whose signatures it accepts', () => {
    for (const name of ['bind', 'get']) {
      const request = vectors.requests[name];
      const opened = openRequest(received(request), serverKey());
      assert.deepEqual(opened.transmissionKey, bytes(vectors.keys.transmissionKeyB64), name);
      assert.deepEqual(opened.readPayload(), JSON.parse(request.payloadPlaintext), name);
      assert.equal(opened.isSignedBy(clientKey()), true, name);
    }
  });

  test('hold signatures that do not fit another request or another client', () => {
    const { bind, get } = vectors.requests;
    const mixed = { ...get, headers: { ...get.headers, Authorization: bind.headers.Authorization } };
    assert.equal(openRequest(received(mixed), serverKey()).isSignedBy(clientKey()), false);
    assert.equal(openRequest(received(get), serverKey()).isSignedBy(ownerKey()), false);
  });

  test('hold answers that sealing reproduces byte for byte', () => {
    for (const [name, { plaintext, transmissionKeyB64, ivHex, bodyB64 }] of Object.entries(
      vectors.responses,
    )) {
      const text = Buffer.from(JSON.stringify(plaintext));
      const sealed = seal(bytes(transmissionKeyB64), text, Buffer.from(ivHex, 'hex'));
      assert.equal(sealed.toString('base64'), bodyB64, name);
    }
  });

  test('hold blobs that sealing reproduces and opening reads', () => {
    const blobs = vectors.blobs.filter(({ mode }) => mode === 'AES-256-GCM');
    assert.ok(blobs.length > 50, `${blobs.length} blobs`);
    for (const { name, keyB64, ivHex, plaintextB64, blobB64 } of blobs) {
      const sealed = seal(bytes(keyB64), bytes(plaintextB64), Buffer.from(ivHex, 'hex'));
      assert.deepEqual(sealed, bytes(blobB64), name);
      assert.deepEqual(open(bytes(keyB64), bytes(blobB64)), bytes(plaintextB64), name);
    }
  });
});

/** A request as Node's HTTP server passes it on: with header names in lower case. */
function received({ headers, bodyB64 }) {
  const lowerCase = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { headers: Object.fromEntries(lowerCase), body: bytes(bodyB64) };
}

function serverKey() {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(vectors.keys.serverKeyPair.privateScalarHex, 'hex');
  return pair;
}

const clientKey = () => publicKeyOf(vectors.keys.clientKeyPair);
const ownerKey = () => publicKeyOf(vectors.keys.appOwnerKeyPair);

function publicKeyOf({ pkcs8DerB64 }) {
  return createPublicKey(createPrivateKey({ key: bytes(pkcs8DerB64), format: 'der', type: 'pkcs8' }));
}
