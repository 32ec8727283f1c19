// Validation of requests to Keeper's API, as strict as the protocol allows: an admitted client has done everything
// right.

import { verify } from 'node:crypto';
import { open, openFor, POINT_LEN, SEAL_LEN, KEY_LEN } from './ciphers.js';

/** A refusal of a request as Keeper sends it: a status and a JSON body, not encrypted. */
export class Refusal extends Error {
  constructor(status, body) {
    super(body.message || body.error);
    this.status = status;
    this.body = body;
  }
}

/**
 * @typedef {{ method: string, path: string, headers: import('node:http').IncomingHttpHeaders, body: Buffer }} Received
 */

/**
 * What a request asks for, if everything about it is valid; else throws a `Refusal`.
 *
 * @param {Received} received
 * @param {{ keyRing: ReturnType<typeof import('./keys.js').makeKeyRing>,
 *          client: { id: string, publicKey: import('node:crypto').KeyObject },
 *          usedTransmissionKeys: Set<string> }} server
 * @returns {{ transmissionKey: Buffer, payload: any }}
 */
export function admit(received, { keyRing, client, usedTransmissionKeys }) {
  checkEnvelope(received);
  const keyId = String(received.headers.publickeyid);
  const wrongKey = new Refusal(401, {
    error: 'key',
    key_id: Number(keyRing.currentId),
    message: 'invalid key id',
  });

  const serverKey = keyRing.pair(keyId);
  if (!serverKey) throw wrongKey;
  const opened = openRequest(received, serverKey, wrongKey);

  // This includes requests that are refused for another reason: each attempt needs a new key.
  const transmissionKey = opened.transmissionKey.toString('hex');
  if (usedTransmissionKeys.has(transmissionKey)) throw badRequest('the transmission key was used before');
  usedTransmissionKeys.add(transmissionKey);

  if (keyId !== keyRing.currentId) throw wrongKey;
  const payload = opened.readPayload();
  if (payload.clientId !== client.id) throw denied(received, 'Unknown client');
  if (!opened.isSignedBy(client.publicKey)) throw denied(received, 'Signature is invalid');
  checkPayload(payload);
  return { transmissionKey: opened.transmissionKey, payload };
}

function checkEnvelope({ method, path, headers, body }) {
  if (path !== '/api/rest/sm/v1/get_secret') throw new Refusal(404, { error: 'not_found', message: path });
  if (method !== 'POST') throw new Refusal(405, { error: 'method_not_allowed', message: method });
  if (headers['content-type'] !== 'application/octet-stream') throw badRequest('wrong Content-Type');
  if (headers['content-length'] !== String(body.length)) throw badRequest('wrong Content-Length');
}

/**
 * The parts of a request, the transmission key opened; reading the payload may still fail.
 *
 * @param {{ headers: import('node:http').IncomingHttpHeaders, body: Buffer }} received
 * @param {import('node:crypto').ECDH} serverKey
 * @param {Refusal} [unopened] what to say if the transmission key was not encrypted for this server key
 */
export function openRequest({ headers, body }, serverKey, unopened = badRequest('wrong server key')) {
  const wrappedKey = exactBase64(headers.transmissionkey, 'TransmissionKey');
  if (wrappedKey.length !== POINT_LEN + SEAL_LEN + KEY_LEN)
    throw badRequest('wrong length of TransmissionKey');
  const transmissionKey = attempt(() => openFor(serverKey, wrappedKey), unopened);

  const [scheme, signatureText] = String(headers.authorization).split(' ');
  if (scheme !== 'Signature') throw badRequest('Authorization is not a signature');
  const signature = exactBase64(signatureText, 'Authorization');

  return {
    transmissionKey,
    readPayload() {
      const text = attempt(() => open(transmissionKey, body), badRequest('the body does not decrypt'));
      const payload = attempt(() => JSON.parse(String(text)), badRequest('the payload is not JSON'));
      if (payload === null || typeof payload !== 'object') throw badRequest('the payload is not an object');
      return payload;
    },
    /** ECDSA on P-256 with SHA-256, in DER, over what is sent rather than over its Base64. */
    isSignedBy: (publicKey) => verify('sha256', Buffer.concat([wrappedKey, body]), publicKey, signature),
  };
}

/** @param {any} payload */
function checkPayload({ clientVersion, requestedRecords = null, requestedFolders = null }) {
  if (!/^m[a-z]\d+\.\d+\.\d+$/.test(clientVersion)) {
    const additional_info = 'client version not registered';
    throw new Refusal(400, { error: 'invalid_client_version', message: '', additional_info });
  }
  const isUidList =
    Array.isArray(requestedRecords) && requestedRecords.every((uid) => typeof uid === 'string');
  if (requestedRecords !== null && !isUidList) throw badRequest('requestedRecords is not a list of UIDs');
  if (requestedFolders !== null) throw badRequest('the embedded Keeper has no filter by folders');
}

/** Standard Base64 with padding, and no other spelling of it. */
function exactBase64(text, header) {
  const bytes = Buffer.from(String(text), 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== text) throw badRequest(`${header} is not Base64`);
  return bytes;
}

function attempt(action, refusal) {
  try {
    return action();
  } catch {
    throw refusal;
  }
}

function badRequest(message) {
  return new Refusal(400, { error: 'bad_request', message });
}

/** Complete, as such a refusal was once captured. */
function denied({ method, path, headers }, message) {
  return new Refusal(403, {
    path: `https://${headers.host}${path}, ${method}, ${headers['user-agent'] ?? ''}`,
    additional_info: '',
    location: 'default exception manager - api validation exception',
    error: 'access_denied',
    message,
  });
}
