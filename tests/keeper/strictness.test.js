// The server admits clients that do everything right, and refuses those that do one thing wrong.

import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { open } from './ciphers.js';
import { composeRequest, fetchSecrets, messageOf, send } from './plain-client.js';
import { startKeeper } from './server.js';

const HOLDS = [
  { title: 'Database', fields: [{ type: 'password', value: ['s3cr3t'] }] },
  { title: 'Notes', folder: 'Team', files: [{ name: 'a.txt', text: 's3cr3t too' }] },
];

describe('a request', () => {
  let keeper;
  before(async () => (keeper = await startKeeper({ holds: HOLDS })));
  after(() => keeper.close());
  beforeEach(() => (keeper.requests.length = 0));

  test('that is right in everything is answered', async () => {
    const answer = await fetchSecrets(keeper);
    const uids = [answer.records[0].recordUid, answer.folders[0].records[0].recordUid];
    assert.deepEqual(
      uids,
      keeper.vault.records.map(({ uid }) => uid),
    );
    assert.equal(keeper.requests[0].endpoint, 'get_secret');
    assert.equal(keeper.requests[0].payload.clientVersion, 'ms17.5.0');
    assert.equal(keeper.requests[0].verified, true);
  });

  test('with one thing wrong gets the refusal for it', async () => {
    for (const { story, spoil, status, body } of WRONG_REQUESTS) {
      const message = spoil(composeRequest(keeper.config), keeper.config);
      const answer = await send(keeper, message);
      assert.equal(answer.status, status, story);
      const refused = JSON.parse(String(answer.body));
      assert.deepEqual({ ...refused, ...body }, refused, story);
      assert.equal(keeper.requests.at(-1).verified, false, story);
      assert.equal(keeper.requests.at(-1).refused, body.error, story);
    }
  });

  test('with a transmission key that was used before is refused', async () => {
    const { transmissionKey } = composeRequest(keeper.config);
    const first = await send(keeper, messageOf(composeRequest(keeper.config, { transmissionKey })));
    const second = await send(keeper, messageOf(composeRequest(keeper.config, { transmissionKey })));
    assert.equal(first.status, 200);
    assert.equal(second.status, 400);
    assert.deepEqual(JSON.parse(String(second.body)), {
      error: 'bad_request',
      message: 'the transmission key was used before',
    });
  });

  test('that is denied gets the answer that was captured from Keeper', async () => {
    const request = composeRequest(keeper.config, { payload: { clientId: 'somebody else' } });
    const { body } = await send(keeper, messageOf(request));
    assert.deepEqual(JSON.parse(String(body)), {
      path: `https://${keeper.hostname}/api/rest/sm/v1/get_secret, POST, `,
      additional_info: '',
      location: 'default exception manager - api validation exception',
      error: 'access_denied',
      message: 'Unknown client',
    });
  });

  test('may ask for some records, and unknown ones are left out', async () => {
    const [database, notes] = keeper.vault.records;
    for (const [requestedRecords, direct, inFolders] of [
      [undefined, 1, 1],
      [null, 1, 1],
      [[], 1, 1],
      [[database.uid], 1, null],
      [[notes.uid, 'AAAAAAAAAAAAAAAAAAAAAA'], null, 1],
      [['AAAAAAAAAAAAAAAAAAAAAA'], null, null],
    ]) {
      const { records, folders } = await fetchSecrets(keeper, { requestedRecords });
      assert.equal(records?.length ?? null, direct, String(requestedRecords));
      assert.equal(folders?.length ?? null, inFolders, String(requestedRecords));
    }
  });
});

describe('a download', () => {
  let keeper;
  let path;
  before(async () => {
    keeper = await startKeeper({ holds: HOLDS });
    const { folders } = await fetchSecrets(keeper);
    path = folders[0].records[0].files[0].url.slice(keeper.origin.length);
  });
  after(() => keeper.close());

  test('with the signed URL gives the encrypted content', async () => {
    const { status, headers, body } = await send(keeper, { path });
    const [file] = keeper.vault.recordTitled('Notes').files;
    assert.equal(status, 200);
    assert.equal(headers['content-length'], String(body.length));
    assert.equal(String(open(file.key, body)), 's3cr3t too');
    assert.equal(keeper.requests.at(-1).fileUid, file.uid);
    assert.equal(keeper.requests.at(-1).verified, true);
  });

  test('with anything else is refused', async () => {
    const headers = messageOf(composeRequest(keeper.config)).headers;
    for (const [message, status, code] of [
      [{ path: path.replace(/signature=./, 'signature=x') }, 403, 'SignatureDoesNotMatch'],
      [{ path: path.replace(/\?.*/, '') }, 403, 'SignatureDoesNotMatch'],
      [{ path: path.replace(/files\/[^?]*/, 'files/AAAAAAAAAAAAAAAAAAAAAA') }, 403, 'SignatureDoesNotMatch'],
      [{ path, method: 'POST' }, 405, 'MethodNotAllowed'],
      [{ path, headers: { PublicKeyId: headers.PublicKeyId } }, 400, 'InvalidRequest'],
      [{ path, headers: { TransmissionKey: headers.TransmissionKey } }, 400, 'InvalidRequest'],
      [{ path, headers: { Authorization: headers.Authorization } }, 400, 'InvalidRequest'],
    ]) {
      const answer = await send(keeper, message);
      assert.equal(answer.status, status, JSON.stringify(message));
      assert.equal(JSON.parse(String(answer.body)).error, code, JSON.stringify(message));
    }
  });
});

describe('the config', () => {
  test('is given as object, as JSON and as Base64', async () => {
    const keeper = await startKeeper({ holds: HOLDS, keyId: '7' });
    await keeper.close();
    assert.deepEqual(JSON.parse(keeper.configJson), keeper.config);
    assert.equal(Buffer.from(keeper.configBase64, 'base64').toString(), keeper.configJson);
    assert.equal(keeper.config.serverPublicKeyId, '7');
    assert.equal(keeper.config.serverPublicKey, keeper.publicKey('7'));
    assert.equal(Buffer.from(keeper.config.privateKey, 'base64').length, 138);
  });

  test('may hold the private key without its public point, as Java writes it', async () => {
    const keeper = await startKeeper({ holds: HOLDS, privateKeyForm: 'pkcs8-67' });
    try {
      assert.equal(Buffer.from(keeper.config.privateKey, 'base64').length, 67);
      assert.equal((await fetchSecrets(keeper)).records.length, 1);
    } finally {
      await keeper.close();
    }
  });
});

test('closing ends connections that wait for an answer or never said anything', async () => {
  const keeper = await startKeeper({ holds: HOLDS, faults: [{ hang: true }] });
  const silent = connect(Number(keeper.hostname.split(':')[1]), '127.0.0.1');
  await once(silent, 'connect');
  const silentIsClosed = once(silent, 'close');
  const request = fetchSecrets(keeper);
  const requestFails = assert.rejects(request, { code: 'ECONNRESET' });
  while (keeper.requests.length === 0) await new Promise(setImmediate);

  await keeper.close();
  await keeper.close();

  await Promise.all([silentIsClosed, requestFails]);
});

const DENIED = { status: 403, body: { error: 'access_denied', message: 'Signature is invalid' } };
const WRONG_KEY = { status: 401, body: { error: 'key', key_id: 99, message: 'invalid key id' } };
const badRequest = (message) => ({ status: 400, body: { error: 'bad_request', message } });

const WRONG_REQUESTS = [
  {
    story: 'an unknown key id',
    spoil: (request) => messageOf({ ...request, keyId: '8' }),
    ...WRONG_KEY,
  },
  {
    story: 'a flipped byte in the ephemeral point',
    spoil: (request) => messageOf({ ...request, wrappedKey: flipped(request.wrappedKey, 20) }),
    ...WRONG_KEY,
  },
  {
    story: 'a flipped byte in the wrapped transmission key',
    spoil: (request) => messageOf({ ...request, wrappedKey: flipped(request.wrappedKey, 90) }),
    ...WRONG_KEY,
  },
  {
    story: 'a wrapped transmission key that is one byte short',
    spoil: (request) => messageOf({ ...request, wrappedKey: request.wrappedKey.subarray(0, -1) }),
    ...badRequest('wrong length of TransmissionKey'),
  },
  {
    story: 'a flipped byte in the body',
    spoil: (request) => messageOf({ ...request, body: flipped(request.body, 30) }),
    ...badRequest('the body does not decrypt'),
  },
  {
    story: 'a body that is not an object',
    spoil: (_, config) =>
      messageOf(composeRequest(config, { payload: Object.assign([], { toJSON: () => 7 }) })),
    ...badRequest('the payload is not an object'),
  },
  {
    story: 'a flipped byte in the number r of the signature',
    spoil: (request) => messageOf({ ...request, signature: flipped(request.signature, 10) }),
    ...DENIED,
  },
  {
    story: 'a flipped byte in the DER tag of the signature',
    spoil: (request) => messageOf({ ...request, signature: flipped(request.signature, 0) }),
    ...DENIED,
  },
  {
    story: 'a signature in the raw form of two numbers',
    spoil: (request, config) => messageOf({ ...request, signature: rawSignature(request, config) }),
    ...DENIED,
  },
  {
    story: 'a signature by another key',
    spoil: (request) => messageOf({ ...request, signature: signedBySomebodyElse(request) }),
    ...DENIED,
  },
  {
    story: 'a signature of the body alone',
    spoil: (request, config) => messageOf({ ...request, signature: signedByClient(request.body, config) }),
    ...DENIED,
  },
  {
    story: 'an unknown client',
    spoil: (_, config) => messageOf(composeRequest(config, { payload: { clientId: 'c29tZWJvZHk=' } })),
    status: 403,
    body: { error: 'access_denied', message: 'Unknown client' },
  },
  {
    story: 'a client version without an SDK',
    spoil: (_, config) => messageOf(composeRequest(config, { payload: { clientVersion: '17.5.0' } })),
    status: 400,
    body: { error: 'invalid_client_version', additional_info: 'client version not registered' },
  },
  {
    story: 'a filter that is not a list',
    spoil: (_, config) => messageOf(composeRequest(config, { payload: { requestedRecords: 'all' } })),
    ...badRequest('requestedRecords is not a list of UIDs'),
  },
  {
    story: 'another content type',
    spoil: (request) => withHeaders(messageOf(request), { 'Content-Type': 'application/json' }),
    ...badRequest('wrong Content-Type'),
  },
  {
    story: 'no content length',
    spoil: (request) =>
      withHeaders(messageOf(request), { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' }),
    ...badRequest('wrong Content-Length'),
  },
  {
    story: 'a header in URL-safe Base64',
    spoil: (request) => withHeaders(messageOf(request), { TransmissionKey: urlSafe(request.wrappedKey) }),
    ...badRequest('TransmissionKey is not Base64'),
  },
  {
    story: 'a bare signature',
    spoil: (request) =>
      withHeaders(messageOf(request), { Authorization: request.signature.toString('base64') }),
    ...badRequest('Authorization is not a signature'),
  },
  {
    story: 'another method',
    spoil: (request) => ({ ...messageOf(request), method: 'PUT' }),
    status: 405,
    body: { error: 'method_not_allowed' },
  },
  {
    story: 'another endpoint',
    spoil: (request) => ({ ...messageOf(request), path: '/api/rest/sm/v1/get_everything' }),
    status: 404,
    body: { error: 'not_found' },
  },
];

function flipped(bytes, index) {
  const copy = Buffer.from(bytes);
  copy[index] ^= 0x01;
  return copy;
}

function withHeaders(message, changes) {
  const headers = Object.entries({ ...message.headers, ...changes }).filter(
    ([, value]) => value !== undefined,
  );
  return { ...message, headers: Object.fromEntries(headers) };
}

/** URL-safe with at least one character that distinguishes it from the standard alphabet. */
const urlSafe = (bytes) => `-${bytes.toString('base64url').slice(1)}`;

const signedBytes = ({ wrappedKey, body }) => Buffer.concat([wrappedKey, body]);

function signedBySomebodyElse(request) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return sign('sha256', signedBytes(request), privateKey);
}

const signedByClient = (bytes, config) => sign('sha256', bytes, clientKey(config));

const rawSignature = (request, config) =>
  sign('sha256', signedBytes(request), { key: clientKey(config), dsaEncoding: 'ieee-p1363' });

const clientKey = ({ privateKey }) =>
  createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' });
