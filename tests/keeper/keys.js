// Key pairs of both sides: those of Keeper's server, one for each key id, and the client's, with the config that a
// pipeline's author would get for it.

import { createECDH, generateKeyPairSync, randomBytes } from 'node:crypto';

/**
 * The server's key pairs by id; one id is current, and a request that names another is refused.
 *
 * @param {string} firstId
 */
export function makeKeyRing(firstId) {
  const firstPair = generatePair();
  const pairs = new Map([[firstId, firstPair]]);
  let current = firstId;

  return {
    get currentId() {
      return current;
    },
    /** The key pair of an id, as an ECDH that can open what was encrypted for it. */
    pair: (id) => pairs.get(id),
    /** As in a config's `serverPublicKey`: URL-safe Base64 of the uncompressed point. */
    publicKey: (id) => pairs.get(id)?.getPublicKey('base64url'),
    /** From now on Keeper insists on this id, with a key pair of its own or with the first one. */
    rotateTo(id, { sameKey = false } = {}) {
      if (!pairs.has(id)) pairs.set(id, sameKey ? firstPair : generatePair());
      current = id;
    },
  };
}

function generatePair() {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  return pair;
}

/**
 * One device of the application.
 *
 * @param {'pkcs8' | 'pkcs8-67'} privateKeyForm the encoding of the private key in its config
 */
export function makeClient(privateKeyForm = 'pkcs8') {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    id: randomBytes(64).toString('base64'),
    publicKey,
    privateKey: PRIVATE_KEY_FORMS[privateKeyForm](privateKey).toString('base64'),
  };
}

const PRIVATE_KEY_FORMS = {
  /** With the public point: 138 bytes, as Node, browsers and Python write it. */
  pkcs8: (privateKey) => privateKey.export({ type: 'pkcs8', format: 'der' }),

  /** Without the public point: 67 bytes, as Java's default provider writes it. */
  'pkcs8-67': (privateKey) => Buffer.concat([PKCS8_BEFORE_SCALAR, scalarOf(privateKey)]),
};

const scalarOf = (privateKey) => Buffer.from(privateKey.export({ format: 'jwk' }).d, 'base64url');

/** `PrivateKeyInfo { 0, { ecPublicKey, prime256v1 }, ECPrivateKey { 1, … (RFC 5208, RFC 5915), up to the last 32 bytes. */
const PKCS8_BEFORE_SCALAR = Buffer.from(
  '3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420',
  'hex',
);

/** A bound config: all that a client needs to fetch secrets. */
export function makeConfig({ hostname, client, appKey, keyRing }) {
  return {
    hostname,
    clientId: client.id,
    privateKey: client.privateKey,
    appKey: appKey.toString('base64'),
    serverPublicKeyId: keyRing.currentId,
    serverPublicKey: keyRing.publicKey(keyRing.currentId),
    // Only creating records needs the owner's key; any point will do.
    appOwnerPublicKey: generatePair().getPublicKey('base64'),
  };
}
