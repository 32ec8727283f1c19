// Each fault does what it says, and does it once.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { describe, test } from 'node:test';
import { open, SEAL_LEN } from './ciphers.js';
import { composeRequest, fetchSecrets, messageOf, send } from './plain-client.js';
import { startKeeper } from './server.js';

const HOLDS = [
  {
    title: 'Database',
    fields: [{ type: 'password', value: ['s3cr3t'] }],
    files: [{ name: 'a.txt', text: 's3cr3t too' }],
  },
];

/** Runs a story with a Keeper that has these faults. */
async function withKeeper(options, story) {
  const keeper = await startKeeper({ holds: HOLDS, ...options });
  try {
    await story(keeper);
  } finally {
    await keeper.close();
  }
}

const ask = (keeper, parts) => send(keeper, messageOf(composeRequest(keeper.config, parts)));

async function pathOfFirstFile(keeper) {
  const { records } = await fetchSecrets(keeper);
  return records[0].files[0].url.slice(keeper.origin.length);
}

describe('instead of the answer', () => {
  const replacements = [
    [{ status: 502, body: '<html>' }, 502, '<html>'],
    [{ status: 200, body: '' }, 200, ''],
    [{ status: 400, body: { error: 'generic' } }, 400, '{"error":"generic"}'],
    [{ throttled: true }, 429, '{"error":"throttled","message":"throttled"}'],
    [{ throttled: true, throttledBy: 403 }, 403, '{"error":"throttled","message":"throttled"}'],
    [{ throttled: 3 }, 429, '{"error":"throttled","message":"throttled","retry_after":3}'],
    [{ rotateTo: '8' }, 401, '{"error":"key","key_id":8,"message":"invalid key id"}'],
  ];

  for (const [fault, status, body] of replacements) {
    test(`${JSON.stringify(fault)} says ${status}`, () =>
      withKeeper({ faults: [fault] }, async (keeper) => {
        const answer = await ask(keeper);
        assert.equal(answer.status, status);
        assert.equal(String(answer.body), body);
        assert.equal(keeper.requests[0].verified, true);
      }));
  }

  test('a redirect can be given by status and headers', () =>
    withKeeper({ faults: [{ status: 302, headers: { location: 'https://localhost/' } }] }, async (keeper) => {
      const { status, headers } = await ask(keeper);
      assert.deepEqual([status, headers.location], [302, 'https://localhost/']);
    }));

  test('the connection can break', () =>
    withKeeper({ faults: [{ destroy: true }] }, async (keeper) => {
      await assert.rejects(ask(keeper), { code: 'ECONNRESET' });
      assert.equal((await ask(keeper)).status, 200);
    }));
});

describe('a rotation', () => {
  test('makes Keeper insist on the new key, with a pair of its own', () =>
    withKeeper({ faults: [{ rotateTo: '8' }] }, async (keeper) => {
      await ask(keeper);
      assert.equal((await ask(keeper)).status, 401, 'the old key is refused');
      const config = { ...keeper.config, serverPublicKeyId: '8', serverPublicKey: keeper.publicKey('8') };
      assert.notEqual(config.serverPublicKey, keeper.config.serverPublicKey);
      assert.equal((await send(keeper, messageOf(composeRequest(config)))).status, 200);
    }));

  test('may keep the key pair under the new id', () =>
    withKeeper({ faults: [{ rotateTo: '8', sameKey: true }] }, async (keeper) => {
      await ask(keeper);
      const config = { ...keeper.config, serverPublicKeyId: '8' };
      assert.equal((await send(keeper, messageOf(composeRequest(config)))).status, 200);
    }));

  test('does not let a transmission key be used again', () =>
    withKeeper({ faults: [{ rotateTo: '8', sameKey: true }] }, async (keeper) => {
      const { transmissionKey } = composeRequest(keeper.config);
      await ask(keeper, { transmissionKey });
      const config = { ...keeper.config, serverPublicKeyId: '8' };
      const { status } = await send(keeper, messageOf(composeRequest(config, { transmissionKey })));
      assert.equal(status, 400);
    }));
});

describe('the answer itself', () => {
  test('can be another text, well encrypted', () =>
    withKeeper({ faults: [{ plaintext: '{"records":' }] }, async (keeper) => {
      const request = composeRequest(keeper.config);
      const { status, body } = await send(keeper, messageOf(request));
      assert.equal(status, 200);
      assert.equal(String(open(request.transmissionKey, body)), '{"records":');
    }));

  test('can have a wrong byte anywhere, counted from either end', async () => {
    for (const flipByte of [0, 40, -1]) {
      await withKeeper({ faults: [{ flipByte }] }, async (keeper) => {
        await assert.rejects(fetchSecrets(keeper), /authenticate/, `byte ${flipByte}`);
        assert.ok(await fetchSecrets(keeper), 'once only');
      });
    }
  });

  test('can be cut short, honestly or not', () =>
    withKeeper(
      { faults: [{ truncate: 20 }, { breakAfter: 20 }, { contentLength: 10 ** 6 }] },
      async (keeper) => {
        const { headers, body } = await ask(keeper);
        assert.deepEqual([headers['content-length'], body.length], ['20', 20]);
        await assert.rejects(ask(keeper), { code: 'ECONNRESET' }, 'breaks off');
        await assert.rejects(ask(keeper), { code: 'ECONNRESET' }, 'promises too much');
      },
    ));

  test('can come in chunks of an unknown total, or in drops', () =>
    withKeeper(
      { faults: [{ chunked: true }, { trickle: { bytes: 1000, everyMs: 1 }, delayMs: 1 }] },
      async (keeper) => {
        const { headers } = await ask(keeper);
        assert.equal(headers['content-length'], undefined);
        assert.equal(headers['transfer-encoding'], 'chunked');
        assert.equal((await fetchSecrets(keeper)).records.length, 1);
      },
    ));
});

describe('an answer that does not come', () => {
  /** Asks, and breaks off when nothing more comes. */
  async function untilSilence(fault) {
    let silence = () => {};
    const isSilent = new Promise((resolve) => (silence = () => resolve(undefined)));
    await withKeeper({ faults: [{ ...fault, onSilence: silence }] }, async (keeper) => {
      const asked = ask(keeper).then(
        () => assert.fail('an answer'),
        () => {},
      );
      await isSilent;
      await keeper.close();
      await asked;
    });
  }

  test('may stay out', () => untilSilence({ hang: true }));
  test('may stop in the middle', () => untilSilence({ hangAfter: 100 }));
  test('may be as good as none', () => untilSilence({ trickle: { bytes: 1, everyMs: 60_000 } }));
  test('may be no HTTP', () =>
    withKeeper({ faults: [{ raw: 'what?' }] }, (keeper) => assert.rejects(ask(keeper), { code: /^HPE_/ })));

  test('may never end', () =>
    withKeeper({ faults: [{ endless: true }] }, async (keeper) => {
      const { path, headers, body } = messageOf(composeRequest(keeper.config));
      const request = httpsRequest(keeper.origin + path, {
        method: 'POST',
        headers,
        ca: keeper.caPem,
        agent: false,
      });
      request.end(body);
      const [response] = await once(request, 'response');
      let size = 0;
      for await (const chunk of response) {
        size += chunk.length;
        if (size > 1_000_000) break;
      }
      assert.equal(response.headers['content-length'], undefined);
    }));

  test('may be said before a request is looked at', () =>
    withKeeper({ answerInstead: () => ({ status: 418, body: { error: 'teapot' } }) }, async (keeper) => {
      const { status, body } = await ask(keeper, { signature: Buffer.from('wrong') });
      assert.deepEqual([status, String(body)], [418, '{"error":"teapot"}']);
    }));
});

describe('a fault', () => {
  test('from a list waits for its turn and for its kind of request', () =>
    withKeeper({ faults: [null, { on: 'download', flipByte: -1 }, { status: 503 }] }, async (keeper) => {
      const path = await pathOfFirstFile(keeper);
      assert.equal((await ask(keeper)).status, 503);
      const [file] = keeper.vault.records[0].files;
      const [spoiled, whole] = [await send(keeper, { path }), await send(keeper, { path })];
      assert.throws(() => open(file.key, spoiled.body));
      assert.equal(String(open(file.key, whole.body)), 's3cr3t too');
    }));

  test('may be chosen by a function of the request', () =>
    withKeeper(
      { faults: ({ payload }) => (payload?.requestedRecords ? { status: 500 } : undefined) },
      async (keeper) => {
        assert.equal((await ask(keeper)).status, 200);
        assert.equal((await ask(keeper, { payload: { requestedRecords: ['x'] } })).status, 500);
      },
    ));

  test('that fails itself is distinguished from a network that fails', () =>
    withKeeper({ faults: () => assert.fail('a slip') }, async (keeper) => {
      const { status, body } = await ask(keeper);
      assert.equal(status, 500);
      assert.match(JSON.parse(String(body)).message, /a slip/);
      assert.equal(keeper.requests[0].refused, 'embedded_keeper');
    }));

  test('never hides that a request was wrong', () =>
    withKeeper({ faults: [{ status: 503 }] }, async (keeper) => {
      assert.equal((await ask(keeper, { payload: { clientId: 'x' } })).status, 403);
      assert.equal((await ask(keeper)).status, 503);
    }));
});

test('URLs that have expired are refused until they are fetched again', () =>
  withKeeper({ faults: [{ on: 'download', expired: true }] }, async (keeper) => {
    const path = await pathOfFirstFile(keeper);
    assert.match(String((await send(keeper, { path })).body), /Request has expired/);
    assert.equal((await send(keeper, { path })).status, 403);
    assert.equal((await send(keeper, { path: await pathOfFirstFile(keeper) })).status, 200);
  }));

test('a large attachment is made while it is sent, the same each time', async () => {
  const bytes = 16 * 1024 * 1024 + 1;
  await withKeeper({ holds: [{ title: 'Large', files: [{ name: 'large.bin', bytes }] }] }, async (keeper) => {
    const path = await pathOfFirstFile(keeper);
    const [first, second] = [await send(keeper, { path }), await send(keeper, { path })];
    const [file] = keeper.vault.records[0].files;
    assert.equal(first.headers['content-length'], String(bytes + SEAL_LEN));
    assert.equal(digest([first.body]), digest([second.body]));
    assert.equal(digest([open(file.key, first.body)]), digest(file.chunks()));
  });
});

function digest(chunks) {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}
