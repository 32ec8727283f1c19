// Faults in Keeper's answers, or in what comes instead.

import * as hint from './hints.js';
import { forEver, refused, survived } from './row.js';

const CHANGED =
  "the answer of HOST cannot be read: it does not decrypt with this request's key, so it was changed on the way";
const WEB_PAGE = '<!DOCTYPE html><html><body>Please sign in</body></html>';
const denied = (message) => ({ status: 403, body: { error: 'access_denied', message } });
const UID = 'DatabaseRecordUid00001';
const withoutKey = [
  { uid: UID, title: 'Database', broken: 'noKey', fields: [{ type: 'password', value: ['s3cr3t'] }] },
];

/** @type {import('./row.js').Group} */
export const answers = {
  title: "Keeper's answer",
  rows: [
    survived('breaks off in the middle', 'tries again', 2, { faults: [{ breakAfter: 100 }] }),
    refused(
      'breaks off every time',
      `no answer from HOST: the connection broke (ECONNRESET)${hint.CONNECTION}`,
      4,
      { faults: forEver({ breakAfter: 100 }) },
    ),
    survived('is shorter than it announces', 'tries again', 2, { faults: [{ contentLength: 1_000_000 }] }),
    refused('is longer than it announces', CHANGED, 1, { faults: [{ contentLength: 100 }] }),
    refused('is cut short, and announced so', CHANGED, 1, { faults: [{ truncate: 100 }] }),
    refused('has a wrong byte in its tag', CHANGED, 1, { faults: [{ flipByte: -1 }] }),
    refused('has a wrong byte in its nonce', CHANGED, 1, { faults: [{ flipByte: 0 }] }),
    refused('is something else', CHANGED, 1, {
      faults: [{ status: 200, body: 'something else, long enough' }],
    }),
    refused('is empty', 'the answer of HOST cannot be read: it is empty', 1, {
      faults: [{ status: 200, body: '' }],
    }),
    refused(
      'is the page of a captive portal',
      `HOST answered with status 200 and a web page, not as Keeper does${hint.HOSTNAME}`,
      1,
      { faults: [{ status: 200, body: WEB_PAGE }] },
    ),
    refused('announces a terabyte', 'the answer of HOST cannot be read: it is larger than allowed', 1, {
      faults: [{ contentLength: 1e12 }],
    }),
    refused('never ends', 'the answer of HOST cannot be read: it is larger than allowed', 1, {
      faults: [{ endless: true }],
    }),
    refused(
      'is compressed, perhaps to a bomb',
      'the answer of HOST cannot be read: it is compressed, which was not requested',
      1,
      { faults: [{ headers: { 'content-encoding': 'gzip' } }] },
    ),
    survived('names no way in which it is compressed', 'takes it', 1, {
      faults: [{ headers: { 'content-encoding': '' } }],
    }),
    refused(
      'decrypts to broken JSON',
      'the answer of HOST cannot be read: what it decrypts to is not the JSON of an answer',
      1,
      { faults: [{ plaintext: '{"records":' }] },
    ),
    refused(
      'decrypts to JSON of another form',
      'the answer of HOST cannot be read: what it decrypts to is not the JSON of an answer',
      1,
      { faults: [{ plaintext: '["none"]' }] },
    ),
    refused(
      'decrypts to JSON of a hundred thousand levels',
      'the answer of HOST cannot be read: what it decrypts to is not the JSON of an answer',
      1,
      { faults: [{ plaintext: `{"records":${'['.repeat(100_000)}` }] },
    ),
    refused(
      'holds a record without its key',
      `line 1, column 1: the record ${UID} cannot be opened: Keeper sent no key for it\n` +
        `  1 | ${UID}/field/password > var:DB_PASSWORD\n    | ${'^'.repeat(37)}\n` +
        'hint: open and save it in Keeper Vault, or share it again with the application',
      1,
      { keeper: { holds: withoutKey }, secrets: [`${UID}/field/password > var:DB_PASSWORD`] },
    ),
    survived('comes in drops', 'takes them', 1, {
      faults: [{ chunked: true, trickle: { bytes: 200, everyMs: 1 } }],
    }),
    survived('closes the connection each time', 'opens another', 3, {
      secrets: ['Database/field/password > var:DB_PASSWORD', 'Database/file/small.pem > file:small.pem'],
      faults: [{ status: 503, headers: { connection: 'close' } }, { headers: { connection: 'close' } }],
    }),
    refused(
      'is a redirect',
      `HOST answered with status 302 and nothing else, not as Keeper does${hint.HOSTNAME}`,
      1,
      { faults: [{ status: 302, headers: { location: 'https://localhost/' } }] },
    ),
  ],
};

const outOfService = (status) => `HOST is out of service (status ${status})`;

/** @type {import('./row.js').Group} */
export const refusals = {
  title: "Keeper's refusal",
  rows: [
    ...[408, 500, 502, 503, 504].map((status) =>
      survived(
        `status ${status}`,
        'tries again',
        2,
        { faults: [{ status }] },
        { log: [`${outOfService(status)}; trying again`] },
      ),
    ),
    refused('status 503 every time', `${outOfService(503)}${hint.SERVICE}`, 4, {
      faults: forEver({ status: 503 }),
    }),
    refused('a web page with status 502 every time', `${outOfService(502)}${hint.SERVICE}`, 4, {
      faults: forEver({ status: 502, body: WEB_PAGE }),
    }),
    survived('status 503, to come back in 9 s', 'waits and tries again', 2, {
      faults: [{ status: 503, headers: { 'retry-after': '9' } }],
    }),
    survived('status 503, to come back at a certain time', 'waits and tries again', 2, {
      faults: [
        {
          status: 503,
          headers: { date: 'Wed, 04 Mar 2026 00:00:00 GMT', 'retry-after': 'Wed, 04 Mar 2026 00:01:00 GMT' },
        },
      ],
    }),
    refused(
      'status 503, to come back in 10 minutes',
      `${outOfService(503)}${hint.SERVICE}`,
      1,
      { faults: [{ status: 503, headers: { 'retry-after': '600' } }] },
      { log: [`${outOfService(503)}; it asks for a pause of 600 s, longer than the task may take`] },
    ),
    survived('a failure with a reason', 'shows the reason and tries again', 2, {
      faults: [{ status: 500, body: { error: 'generic', message: 'out of order' } }],
    }),
    refused('status 400', 'Keeper refused the request (status 400, bad_request): no', 1, {
      faults: [{ status: 400, body: { error: 'bad_request', message: 'no' } }],
    }),
    refused(
      'access denied',
      `Keeper refused the request (status 403, access_denied): Unknown client${hint.CLIENT}`,
      1,
      { faults: [denied('Unknown client')] },
    ),
    refused(
      'a wrong signature',
      'Keeper refused the request (status 403, access_denied): Signature is invalid\n' +
        "hint: the config's private key does not belong to its device: make a new config",
      1,
      { faults: [denied('Signature is invalid')] },
    ),
    refused(
      'a web filter forbids it',
      `HOST answered with status 403 and a text, not as Keeper does${hint.HOSTNAME}`,
      1,
      { faults: [{ status: 403, body: 'Forbidden by policy' }] },
    ),
    refused(
      'an endless refusal',
      `HOST answered with status 403 and a text, not as Keeper does${hint.HOSTNAME}`,
      1,
      { faults: [{ status: 403, endless: true }] },
    ),
    refused(
      'another client version is wanted',
      'Keeper refused the request (status 400, invalid_client_version): not registered\nhint: update this extension',
      1,
      {
        faults: [
          { status: 400, body: { error: 'invalid_client_version', additional_info: 'not registered' } },
        ],
      },
    ),
    survived(
      'throttled',
      'waits for 11 s or more and asks again',
      2,
      { faults: [{ throttled: true }] },
      { log: [/^Keeper throttles this device: waiting until 05:06:(1[89]|2\d|3[01]) UTC$/] },
    ),
    survived('throttled by status 403, as until June 2026', 'does the same', 2, {
      faults: [{ throttled: true, throttledBy: 403 }],
    }),
    survived('throttled by the edge of the network', 'does the same', 2, {
      faults: [{ status: 429, body: WEB_PAGE }],
    }),
    survived(
      'throttled, to come back in 3 s and then in 7 s',
      'waits that long each time',
      3,
      { faults: [{ throttled: 3 }, { throttled: '7' }] },
      { log: [/^Keeper throttles this device: waiting until 05:06:(10|11) UTC$/] },
    ),
    survived('throttled, to come back in 5 s by the header', 'waits that long', 2, {
      faults: [{ status: 429, headers: { 'retry-after': '5' } }],
    }),
    survived(
      'throttled, and the answer that says so breaks off',
      'waits all the same',
      2,
      { faults: [{ throttled: 5, contentLength: 1_000 }] },
      { log: [/^Keeper throttles this device: waiting until 05:06:1[234] UTC$/] },
    ),
    survived(
      'status 503, and the page that goes with it breaks off',
      'tries again',
      2,
      { faults: [{ status: 503, body: WEB_PAGE, contentLength: 1_000 }] },
      { log: [`${outOfService(503)}; trying again`] },
    ),
    survived('status 401, and the key that it asks for breaks off', 'tries again', 2, {
      faults: [{ status: 401, body: '{"error":"ke', contentLength: 1_000 }],
    }),
    refused(
      'throttled every time',
      `Keeper throttles this device; it would be free only after the limit of 600 s for that${hint.THROTTLE}`,
      // Some meetings are skipped at random.
      [44, ...Array.from({ length: 16 }, (_, index) => 36 + index)],
      { faults: forEver({ throttled: true }) },
    ),
    refused(
      'throttled every time, and the author allows 60 s',
      `Keeper throttles this device; it would be free only after the limit of 60 s for that${hint.THROTTLE}`,
      [5, 6, 4, 3],
      { faults: forEver({ throttled: true }), agent: () => ({ inputs: { timeoutInSeconds: '60' } }) },
    ),
    refused(
      'throttled for 10 minutes',
      `Keeper throttles this device; it would be free only after the limit of 600 s for that${hint.THROTTLE}`,
      1,
      { faults: [{ throttled: 600 }] },
    ),
    survived('throttled for 10 minutes, and the author allows 15', 'waits', 2, {
      faults: [{ throttled: 600 }],
      agent: () => ({ inputs: { timeoutInSeconds: '900' } }),
    }),
    survived('throttled and then out of service', 'waits and tries again', 3, {
      faults: [{ throttled: true }, { status: 503 }],
    }),
  ],
};

/** The config names one of Keeper's own keys, and has no key itself. */
const ownKey = (id) => () => ({ serverPublicKey: undefined, serverPublicKeyId: id });

/** @type {import('./row.js').Group} */
export const rotations = {
  title: "Keeper's key",
  rows: [
    refused(
      "another key than the config's own",
      'Keeper asks for the server key 8, but the config brings a `serverPublicKey` of its own, which Keeper refuses' +
        hint.NEW_CONFIG,
      1,
      { faults: [{ rotateTo: '8', sameKey: true }] },
    ),
    refused(
      'an unknown key',
      `Keeper asks for the server key 99, which this task does not know${hint.NEW_CONFIG}`,
      1,
      { config: ownKey('7'), keeper: { keyId: '99' } },
    ),
    refused(
      'the key again to which the task has just changed',
      `Keeper asks for the server key 10, which it was just sent${hint.NEW_CONFIG}`,
      2,
      { config: ownKey('7'), keeper: { keyId: '10' } },
    ),
    refused('another key each time', `Keeper asks for another server key each time${hint.NEW_CONFIG}`, 3, {
      config: ownKey('7'),
      keeper: { answerInstead: wantAnotherKey },
    }),
    refused(
      'another key, without its name',
      `Keeper asks for another server key without a valid id${hint.NEW_CONFIG}`,
      1,
      { faults: [{ status: 401, body: { error: 'key' } }] },
    ),
  ],
};

function wantAnotherKey({ headers }) {
  const id = Number(headers.publickeyid) + 1;
  return { status: 401, body: { error: 'key', key_id: id, message: 'invalid key id' } };
}
