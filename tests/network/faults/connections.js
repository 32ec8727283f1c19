// Faults before there is an answer: names, connections, silence.

import * as hint from './hints.js';
import { forEver, forEverWhile, onceWhile, refused, survived } from './row.js';

const noAnswer = (reason) => `no answer from HOST: ${reason}${hint.CONNECTION}`;

/** Alerts (RFC 8446, 6). The first is how a server of TLS 1.1 turns down a client that wants more. */
const [PROTOCOL_VERSION, HANDSHAKE_FAILURE, UNRECOGNIZED_NAME] = [70, 40, 112];

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n';

/** @type {import('./row.js').Group} */
export const connections = {
  title: 'The connection to Keeper',
  rows: [
    refused('the name does not exist', noAnswer('its name cannot be resolved (ENOTFOUND)'), 0, {
      config: () => ({ hostname: 'keeper.example.test' }),
      names: { 'keeper.example.test': 'ENOTFOUND' },
    }),
    refused('the name server is down', noAnswer('its name cannot be resolved at the moment (EAI_AGAIN)'), 0, {
      config: () => ({ hostname: 'keeper.example.test' }),
      names: { 'keeper.example.test': 'EAI_AGAIN' },
    }),
    refused('nobody listens', noAnswer('it refuses connections (ECONNREFUSED)'), 0, { isGone: true }),
    refused('every connection is closed at once', noAnswer('the connection broke (ECONNRESET)'), 4, {
      server: (socket) => socket.destroy(),
    }),
    survived('breaks before an answer', 'tries again', 2, { faults: [{ destroy: true }] }),
    survived('breaks three times before an answer', 'tries again each time', 4, {
      faults: [{ destroy: true }, { destroy: true }, { destroy: true }],
    }),
    refused('breaks before every answer', noAnswer('the connection broke (ECONNRESET)'), 4, {
      faults: forEver({ destroy: true }),
    }),
    refused(
      'the server speaks HTTP without TLS',
      noAnswer('it does not speak TLS 1.2 or newer (EPROTO)'),
      1,
      { server: (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') },
    ),
    refused('the server knows TLS 1.1 at most', noAnswer('it does not speak TLS 1.2 or newer (EPROTO)'), 1, {
      server: endTls(PROTOCOL_VERSION),
    }),
    refused(
      'the server refuses TLS with this client',
      noAnswer('it ended TLS with the alert handshake_failure (EPROTO)'),
      1,
      { server: endTls(HANDSHAKE_FAILURE) },
    ),
    refused(
      'the server does not know the name that it is asked for',
      noAnswer('it ended TLS with the alert unrecognized_name (EPROTO)'),
      1,
      { server: endTls(UNRECOGNIZED_NAME) },
    ),
    refused(
      'something other than HTTP comes through TLS',
      noAnswer('it does not speak HTTP as it should (HPE_INVALID_CONSTANT)'),
      1,
      { faults: [{ raw: 'SSH-2.0-OpenSSH_9.6\r\n' }] },
    ),
    refused(
      'the headers never end',
      noAnswer('the headers of its answer are larger than allowed (HPE_HEADER_OVERFLOW)'),
      1,
      { faults: [{ raw: `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}` }] },
    ),
    refused(
      'the answer switches to another protocol',
      noAnswer('it switches to another protocol, which was not requested (UPGRADED)'),
      1,
      { faults: forEver({ raw: SWITCHING }) },
    ),
    survived('the answer switches to another protocol and breaks', 'tries again', 2, {
      faults: [{ raw: SWITCHING.slice(0, -4), thenDestroy: true }],
    }),
    refused(
      'HTTP/2 comes at once',
      noAnswer('it does not speak HTTP as it should (HPE_INVALID_CONSTANT)'),
      1,
      { faults: [{ raw: '\0\0\0\x04\0\0\0\0\0' }] },
    ),
    refused(
      'the answer is announced without end',
      noAnswer('it sends interim responses without end (ANNOUNCEMENTS)'),
      1,
      { faults: [{ raw: 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(5_000) }] },
    ),
    survived('the connection ends in the middle of the headers', 'tries again', 2, {
      faults: [{ raw: 'HTTP/1.1 200 OK\r\nContent-', thenDestroy: true }],
    }),
    survived('the connection ends in order before an answer', 'tries again', 2, {
      faults: [{ raw: '', thenEnd: true }],
    }),
    refused(
      'the length is not a number',
      noAnswer('it does not speak HTTP as it should (HPE_INVALID_CONTENT_LENGTH)'),
      1,
      { faults: [{ raw: 'HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n' }] },
    ),
    refused(
      'the length of a chunk is not a number',
      noAnswer('it does not speak HTTP as it should (HPE_INVALID_CHUNK_SIZE)'),
      1,
      { faults: [{ raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n' }] },
    ),
  ],
};

const LIMIT = 'no complete answer from HOST within the time limit of';

/** @type {import('./row.js').Group} */
export const silence = {
  title: 'Silence',
  rows: [
    refused('the name server says nothing', noAnswer('its name was not resolved in time (NAME_TIMEOUT)'), 0, {
      config: () => ({ hostname: 'keeper.example.test' }),
      names: { 'keeper.example.test': 'silent' },
      agent: ({ time }) => (time.pass(100), {}),
    }),
    refused(
      'the server accepts connections and says nothing',
      noAnswer('it accepted a connection and did not begin TLS in time (TLS_TIMEOUT)'),
      4,
      { server: (_, { time }) => time.pass(15) },
    ),
    survived('the server takes a request and says nothing', 'tries again after 30 s', 2, {
      faults: onceWhile(35, { hang: true }),
    }),
    refused(
      'the server takes every request and says nothing',
      `${LIMIT} 120 s: it accepted the request but did not answer in time (ANSWER_TIMEOUT)${hint.SLOW}`,
      4,
      { faults: forEverWhile(35, { hang: true }) },
    ),
    refused(
      'the server says nothing, and the author allows 5 s',
      `${LIMIT} 5 s: it accepted the request but did not answer in time (ANSWER_TIMEOUT)${hint.SLOW}`,
      1,
      { faults: forEverWhile(6, { hang: true }), agent: () => ({ inputs: { timeoutInSeconds: '5' } }) },
    ),
    survived('the answer takes longer than 30 s, and the author allows it', 'waits', 1, {
      faults: (request, { time }) => (time.pass(35), { delayMs: 300 }),
      agent: () => ({ inputs: { timeoutInSeconds: '300' } }),
    }),
    survived('the headers stop in the middle', 'tries again after 30 s', 2, {
      faults: onceWhile(35, { raw: 'HTTP/1.1 200 OK\r\nContent-' }),
    }),
    survived('the answer is always about to come', 'tries again after 30 s', 2, {
      faults: onceWhile(35, { raw: 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100) }),
    }),
    survived('the answer stops in the middle', 'tries again after 30 s', 2, {
      faults: onceWhile(35, { hangAfter: 100 }),
    }),
    survived('the answer comes at one byte a second', 'tries again after 30 s', 2, {
      faults: onceWhile(35, { trickle: { bytes: 1, everyMs: 1_000 } }),
    }),
    refused(
      'every answer comes at one byte a second',
      `${LIMIT} 120 s: it stopped in the middle of its answer (BODY_TIMEOUT)${hint.SLOW}`,
      4,
      { faults: forEverWhile(35, { trickle: { bytes: 1, everyMs: 1_000 } }) },
    ),
  ],
};

/** A server that ends TLS with this alert. */
function endTls(description) {
  const [alert, fatal] = [21, 2];
  return (socket) =>
    socket.once('data', () => socket.end(Buffer.from([alert, 3, 2, 0, 2, fatal, description])));
}
