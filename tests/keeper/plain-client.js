// Requests to Keeper that are composed by hand, so that a test can spoil any part of them.

import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { Agent, request as httpsRequest } from 'node:https';
import { open, seal, sealFor, KEY_LEN } from './ciphers.js';

/**
 * A request as an honest client sends it, except for what `parts` replaces.
 *
 * @param {{ clientId: string, privateKey: string, serverPublicKey: string, serverPublicKeyId: string }} config
 * @param {{ payload?: object, transmissionKey?: Buffer, signature?: Buffer, wrappedKey?: Buffer }} [parts]
 */
export function composeRequest(config, parts = {}) {
  const transmissionKey = parts.transmissionKey ?? randomBytes(KEY_LEN);
  const serverPoint = Buffer.from(config.serverPublicKey, 'base64url');
  const wrappedKey = parts.wrappedKey ?? sealFor(serverPoint, transmissionKey);
  const payload = { clientVersion: 'ms17.5.0', clientId: config.clientId, ...parts.payload };
  const body = seal(transmissionKey, Buffer.from(JSON.stringify(payload)));
  const signature = sign('sha256', Buffer.concat([wrappedKey, body]), privateKeyOf(config));

  return { transmissionKey, wrappedKey, body, signature, keyId: config.serverPublicKeyId };
}

function privateKeyOf({ privateKey }) {
  return createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' });
}

/** The HTTP message that carries such a request. */
export function messageOf({ wrappedKey, body, signature, keyId }) {
  return {
    method: 'POST',
    path: '/api/rest/sm/v1/get_secret',
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Length': body.length,
      PublicKeyId: keyId,
      TransmissionKey: wrappedKey.toString('base64'),
      Authorization: `Signature ${signature.toString('base64')}`,
    },
    body,
  };
}

/**
 * @param {{ origin: string, caPem: string }} keeper
 * @param {{ method?: string, path: string, headers?: object, body?: Buffer }} message
 * @returns {Promise<{ status: number, headers: import('node:http').IncomingHttpHeaders, body: Buffer }>}
 */
export function send({ origin, caPem }, { method = 'GET', path, headers = {}, body }) {
  const agent = new Agent({ ca: caPem, keepAlive: false });
  return new Promise((resolve, reject) => {
    const request = httpsRequest(origin + path, { method, headers, agent }, async (response) => {
      const chunks = [];
      try {
        for await (const chunk of response) chunks.push(chunk);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      } catch (error) {
        reject(error);
      }
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Asks for secrets as an honest client, and decrypts the answer. */
export async function fetchSecrets(keeper, payload = {}) {
  const request = composeRequest(keeper.config, { payload });
  const { status, body } = await send(keeper, messageOf(request));
  if (status !== 200) throw new Error(`${status} ${body}`);
  return JSON.parse(String(open(request.transmissionKey, body)));
}
