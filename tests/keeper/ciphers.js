// Encryption and decryption as in the Keeper Secrets Manager protocol, with Node's crypto and independent of the Rust
// core, so that the two check each other.

import { createCipheriv, createDecipheriv, createECDH, createHash, randomBytes } from 'node:crypto';

export const KEY_LEN = 32;
export const NONCE_LEN = 12;
export const TAG_LEN = 16;

/** SEC 1: an uncompressed P-256 point is 0x04, X, Y. */
export const POINT_LEN = 65;

/** Bytes that sealing adds to a text. */
export const SEAL_LEN = NONCE_LEN + TAG_LEN;

/** `nonce || AES-256-GCM[key](plaintext) || tag`, the form of everything that Keeper encrypts for a client. */
export function seal(key, plaintext, nonce = randomBytes(NONCE_LEN)) {
  return Buffer.concat([...sealChunks(key, nonce, [plaintext])]);
}

/** Like `seal`, piece by piece, as an attachment may be larger than memory. */
export function* sealChunks(key, nonce, chunks) {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  yield nonce;
  for (const chunk of chunks) yield cipher.update(chunk);
  cipher.final();
  yield cipher.getAuthTag();
}

/** The plaintext of a sealed blob; throws if the key or a single bit is wrong. */
export function open(key, blob) {
  if (blob.length < SEAL_LEN) throw new Error('shorter than a nonce and a tag');
  const decipher = createDecipheriv('aes-256-gcm', key, blob.subarray(0, NONCE_LEN));
  decipher.setAuthTag(blob.subarray(-TAG_LEN));
  return Buffer.concat([decipher.update(blob.subarray(NONCE_LEN, -TAG_LEN)), decipher.final()]);
}

/** `ephemeral point || seal(SHA-256(X of the shared point), plaintext)`: ECIES as Keeper has it. */
export function sealFor(recipientPoint, plaintext) {
  const ephemeral = createECDH('prime256v1');
  const point = ephemeral.generateKeys();
  return Buffer.concat([point, seal(agreedKey(ephemeral, recipientPoint), plaintext)]);
}

/** The plaintext of an ECIES blob; throws on a point that is not on the curve, too. */
export function openFor(recipient, blob) {
  return open(agreedKey(recipient, blob.subarray(0, POINT_LEN)), blob.subarray(POINT_LEN));
}

function agreedKey(own, otherPoint) {
  return createHash('sha256').update(own.computeSecret(otherPoint)).digest();
}
