// The embedded Keeper: HTTPS on loopback, the one endpoint that a client needs to read secrets, and the storage of its
// attachments.

import { createHmac, randomBytes } from 'node:crypto';
import { once, setMaxListeners } from 'node:events';
import { createServer } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { composeAnswer, storedContent } from './answer.js';
import { makeCertificates } from './certificates.js';
import { seal } from './ciphers.js';
import { hangAfter, nextFault, replacement, spoil, throttled, trickle, unencrypted } from './faults.js';
import { makeClient, makeConfig, makeKeyRing } from './keys.js';
import { admit, Refusal } from './request.js';
import { makeThrottle } from './throttle.js';
import { createVault } from './vault.js';

/**
 * What was received, in order. `verified` means that everything about it was valid, `refused` says why not; a request
 * can be verified and still meet a fault.
 *
 * @typedef {object} SeenRequest
 * @property {string} path with its query
 * @property {number} connection the number of the connection by which it came
 * @property {string} [endpoint] `get_secret`, of a request to the API
 * @property {string} [fileUid] of a download
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {any} [payload] decrypted
 * @property {boolean} verified
 * @property {string} [refused] Keeper's code, such as `access_denied`
 * @property {string} [client] the common name of the certificate that the client showed
 * @property {number} at milliseconds since the server started
 */

/**
 * Starts a Keeper that holds what the description says, with one client bound to it.
 *
 * @param {object} options
 * @param {import('./vault.js').Description} options.holds
 * @param {{ caPem: string, certPem: string, keyPem: string }} [options.certificates]
 * @param {import('node:tls').TlsOptions} [options.tls] further options of its TLS
 * @param {string} [options.keyId] the server key's id; the config carries the key itself
 * @param {'pkcs8' | 'pkcs8-67'} [options.privateKeyForm]
 * @param {number} [options.latencyMs] before each answer
 * @param {import('./faults.js').Faults} [options.faults]
 * @param {string} [options.seed] for the vault's UIDs and keys
 * @param {string[] | null} [options.warnings] that Keeper adds to its answers
 * @param {(request: { headers: import('node:http').IncomingHttpHeaders }) => import('./faults.js').Fault} [options.answerInstead] what is said before a request is looked at
 * @param {import('./throttle.js').ThrottleOptions} [options.throttle] how many requests it accepts: 100 in
 *          10 s
 * @param {string} [options.name] its own name, which the client has to resolve to loopback
 * @param {string} [options.storageName] the name in the addresses of attachments, if it is another than Keeper's
 * @param {number} [options.expiresOn] when the client's access ends, epoch milliseconds
 */
export async function startKeeper({
  holds,
  certificates,
  tls = {},
  keyId = '99',
  privateKeyForm = 'pkcs8',
  latencyMs = 0,
  faults = [],
  seed,
  warnings = null,
  expiresOn = 0,
  answerInstead,
  throttle: throttling = {},
  name = 'localhost',
  storageName = name,
}) {
  const { caPem, certPem, keyPem } = certificates ?? (await makeCertificates());
  const vault = createVault(holds, { seed });
  const keyRing = makeKeyRing(keyId);
  const client = makeClient(privateKeyForm);
  const storage = makeStorage(vault);
  const usedTransmissionKeys = new Set();
  const throttle = makeThrottle(throttling);
  /** @type {SeenRequest[]} */
  const requests = [];
  const queue = typeof faults === 'function' ? faults : [...faults];
  const startedAt = performance.now();
  const closing = new AbortController();
  // There is one listener for each pending answer.
  setMaxListeners(0, closing.signal);

  const server = createServer({ cert: certPem, key: keyPem, ...tls }, (request, response) => {
    // The client may disconnect, or a fault or closing may disconnect it.
    serve(request, response).catch(() => response.destroy());
  });
  const connections = trackConnections(server);
  // On a busy machine, a task may leave a connection idle for longer than Node would keep it.
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const hostname = `${name}:${port}`;
  const origin = `https://${hostname}`;
  const storageOrigin = `https://${storageName}:${port}`;
  const config = makeConfig({ hostname, client, appKey: vault.appKey, keyRing });
  const configJson = JSON.stringify(config);

  async function serve(request, response) {
    const { method, headers } = request;
    const url = new URL(request.url, origin);
    const body = await readBody(request);
    /** @type {SeenRequest} */
    const seen = {
      path: request.url,
      connection: connections.numberOf(request.socket),
      headers,
      verified: false,
      client: request.socket.getPeerCertificate().subject?.CN,
      at: performance.now() - startedAt,
    };
    requests.push(seen);

    /** @type {import('./faults.js').Fault} */
    let fault = {};
    let answer;
    try {
      if (answerInstead) {
        const { status = 500, body: said } = answerInstead(request);
        throw new Refusal(status, said);
      }
      const compose = url.pathname.startsWith('/files/')
        ? admitDownload(method, url, headers, seen)
        : admitToApi({ method, path: url.pathname, headers, body }, seen);
      seen.verified = true;
      // Only a valid request meets a fault, which must not hide what the client did wrong.
      fault = nextFault(queue, seen);
      answer = applyToServer(fault) ?? compose(fault);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : ownFailure(error);
      seen.refused = refusal.body.error;
      answer = unencrypted(refusal.status, refusal.body);
    }

    if (fault.hang) return fault.onSilence?.();
    if (fault.raw !== undefined) return speakRaw(request.socket, fault);
    if (fault.destroy) return response.destroy();
    await deliver(spoil(answer, fault), fault, response);
  }

  function admitToApi(received, seen) {
    seen.endpoint = received.path.split('/').at(-1);
    const { transmissionKey, payload } = admit(received, { keyRing, client, usedTransmissionKeys });
    seen.payload = payload;
    const isThrottled = throttle.isOver(payload.clientId, seen.endpoint);
    return (fault) => {
      if (isThrottled) return throttled(true, throttling.by);
      const { requestedRecords } = payload;
      const urlOf = (file) => storageOrigin + storage.pathOf(file);
      const answer = composeAnswer(vault, { requestedRecords, urlOf, expiresOn, warnings });
      return encrypted(seal(transmissionKey, Buffer.from(fault.plaintext ?? JSON.stringify(answer))));
    };
  }

  function admitDownload(method, url, headers, seen) {
    seen.fileUid = url.pathname.split('/').at(-1);
    const file = storage.find(method, url, headers);
    return () => ({ status: 200, headers: OCTETS, ...storedContent(file) });
  }

  function applyToServer(fault) {
    if (fault.rotateTo !== undefined) keyRing.rotateTo(fault.rotateTo, { sameKey: fault.sameKey });
    if (fault.expired) storage.expireUrls();
    return replacement(fault, keyRing.currentId);
  }

  async function deliver({ status, headers, chunks }, fault, response) {
    const { signal } = closing;
    await fault.until;
    const delayMs = latencyMs + (fault.delayMs ?? 0);
    if (delayMs > 0) await wait(delayMs, undefined, { signal });
    // The response gets it only when the one before it is over, of which the client knew earlier.
    const { socket } = response.req;
    const sentBefore = socket.bytesWritten;
    const { onSilence } = fault;
    const whenSent = () => {
      const isSent =
        socket.bytesWritten > sentBefore && socket.writableLength + response.writableLength === 0;
      return isSent ? onSilence() : setImmediate(whenSent);
    };
    response.sendDate = keeper.sendsDate;
    response.writeHead(status, headers);
    // What precedes the silence has to be sent before the test learns of it, or the silence comes too early.
    const timed = onSilence ? { ...fault, onSilence: () => setImmediate(whenSent) } : fault;
    await pipeline(Readable.from(paced(chunks, timed, signal)), response);
  }

  const keeper = {
    /**
     * Whether its answers have a `Date`, as Keeper's do. A task with a stopped clock would call its own clock wrong.
     */
    sendsDate: true,
    origin,
    hostname,
    caPem,
    config,
    configJson,
    configBase64: Buffer.from(configJson).toString('base64'),
    /** What Keeper holds, in plaintext, for comparison. */
    vault,
    requests,
    /** The pending ones, if they were given as a list; more can be pushed. */
    faults: queue,
    /** The server's public key of an id, in the form that a config holds. */
    publicKey: keyRing.publicKey,
    /** The address of an attachment's content, as an answer gives it. */
    addressOf: (file) => storageOrigin + storage.pathOf(file),
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      const closed = once(server, 'close');
      server.close();
      for (const connection of connections.open) connection.destroy();
      await closed;
    },
  };
  return keeper;
}

function speakRaw(socket, { raw, onSilence, thenDestroy, thenEnd }) {
  if (thenEnd) return socket.end(raw);
  socket.write(raw, thenDestroy ? () => socket.destroy() : onSilence);
}

function paced(chunks, { trickle: drops, hangAfter: count, onSilence }, signal) {
  if (drops) return trickle(chunks, drops, signal, onSilence);
  return count === undefined ? chunks : hangAfter(chunks, count, signal, onSilence);
}

/** A bug in the embedded Keeper, or in a test's function, must not look like a network failure. */
const ownFailure = (error) => new Refusal(500, { error: 'embedded_keeper', message: error.stack });

const OCTETS = { 'content-type': 'application/octet-stream' };

/** @returns {import('./faults.js').Answer} */
function encrypted(bytes) {
  return { status: 200, headers: OCTETS, length: bytes.length, chunks: [bytes] };
}

/** The storage of attachments: only those with a signed URL can download. */
function makeStorage(vault) {
  const secret = randomBytes(32);
  let generation = 0;
  const signatureOf = (uid) => createHmac('sha256', secret).update(`${generation} ${uid}`).digest('hex');

  return {
    pathOf: ({ uid }) => `/files/${uid}?signature=${signatureOf(uid)}`,
    expireUrls: () => generation++,
    find(method, url, headers) {
      const uid = url.pathname.split('/').at(-1);
      if (method !== 'GET') throw new Refusal(405, { error: 'MethodNotAllowed', message: method });
      if (KEEPERS_HEADERS.some((name) => name in headers)) {
        // They would give a signed request to whoever runs the storage.
        throw new Refusal(400, { error: 'InvalidRequest', message: "Keeper's headers on a download" });
      }
      const file = vault.fileWithUid(uid);
      if (!file || url.searchParams.get('signature') !== signatureOf(uid)) {
        throw new Refusal(403, { error: 'SignatureDoesNotMatch', message: 'wrong signature' });
      }
      return file;
    },
  };
}

const KEEPERS_HEADERS = ['publickeyid', 'transmissionkey', 'authorization'];

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Raw connections, so that closing ends also those that never spoke TLS or never got an answer. */
function trackConnections(server) {
  const open = new Set();
  const numbers = new WeakMap();
  let count = 0;
  server.on('connection', (connection) => {
    open.add(connection);
    connection.once('close', () => open.delete(connection));
  });
  return {
    open,
    /** From 1, in the order in which their first request came. */
    numberOf(socket) {
      if (!numbers.has(socket)) numbers.set(socket, ++count);
      return numbers.get(socket);
    },
  };
}
