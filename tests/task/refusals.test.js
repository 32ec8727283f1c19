// What the author sees if Keeper refuses, is down, or something else answers in its place. No test waits: the clock is
// moved on instead.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openKeeper, runWithKeeper } from './packed-task.js';

/** @typedef {import('../keeper/faults.js').Fault} Fault */

const HOLDS = [
  {
    title: 'Database',
    fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }],
    files: [
      { name: 'small.pem', text: 'the-certificate' },
      { name: 'large.bin', bytes: 1_000_000 },
    ],
  },
];
const PASSWORD = 'Database/field/password > var:DB_PASSWORD';
const SMALL = 'Database/file/small.pem > file:small.pem';
const LARGE = 'Database/file/large.bin > file:folder/large.bin';

const NOW = '2026-03-04T05:06:07Z';
const WEB_PAGE = '<!DOCTYPE html><html><body>Please sign in</body></html>';

/** @param {Fault} fault */
const forEver = (fault) => (request) =>
  (fault.on ?? 'get_secret') === (request.endpoint ?? 'download') ? fault : undefined;

const denied = (message) => ({ status: 403, body: { error: 'access_denied', message } });

/**
 * @param {import('node:test').TestContext} t
 * @param {{ faults?: import('../keeper/faults.js').Faults, secrets?: string[], keyId?: string, trusted?: boolean,
 *           members?: object, isGone?: boolean }} options
 */
async function run(
  t,
  { faults = [], secrets = [PASSWORD], keyId, trusted, members = {}, isGone = false } = {},
) {
  const keeper = await openKeeper(t, { holds: HOLDS, faults, keyId });
  if (isGone) await keeper.close();
  const config = JSON.stringify({ ...keeper.config, ...members });
  return { keeper, run: await runWithKeeper(t, { keeper, secrets, config, trusted, now: NOW }) };
}

/** Asserts one result, one problem, and that nothing is left. */
function assertRefused({ run, keeper }, problem, requests) {
  assert.deepEqual(
    run.issues.map(({ type, rawMessage }) => [type, rawMessage]),
    [['error', problem.replaceAll('HOST', keeper.hostname)]],
  );
  assert.equal(run.result, 'Failed');
  assert.equal(run.exitCode, 0);
  assert.deepEqual(
    run.completions.map(({ result }) => result),
    ['Failed'],
  );
  assert.equal(
    run.commands.some(({ event }) => event === 'setvariable'),
    false,
  );
  assert.deepEqual(run.files, []);
  assert.deepEqual(run.droppedCommands, []);
  assert.ok([requests].flat().includes(keeper.requests.length), `${keeper.requests.length} requests`);
}

const CLIENT_HINT =
  'hint: check in Keeper Vault that the device was not removed, has not expired and is not locked to another IP ' +
  'address, and that the config is for this region';
const HOSTNAME_HINT = "hint: check the config's hostname and any proxy in between";
const SERVICE_HINT = 'hint: try again later; if other clients work, check the proxy';
const CONNECTION_HINT =
  "hint: check the config's hostname, and that the agent may connect to it (port 443, proxy, firewall)";
const LARGE_EXCERPT = '  2 | Database/file/large.bin > file:folder/large.bin\n    | ^^^^^^^^^^^^^^^^^^^^^^^';
const SMALL_EXCERPT = '  2 | Database/file/small.pem > file:small.pem\n    | ^^^^^^^^^^^^^^^^^^^^^^^';

describe('the task fails with the reason', { concurrency: 2 }, () => {
  const refusals = [
    {
      when: 'the signature is wrong',
      faults: [denied('Signature is invalid')],
      problem:
        'Keeper refused the request (status 403, access_denied): Signature is invalid\n' +
        "hint: the config's private key does not belong to its device: make a new config",
    },
    {
      when: 'the device is not known any more',
      faults: [denied('Unknown client')],
      problem: `Keeper refused the request (status 403, access_denied): Unknown client\n${CLIENT_HINT}`,
    },
    {
      when: 'Keeper denies access without a word',
      faults: [{ status: 403, body: { error: 'access_denied' } }],
      problem: `Keeper refused the request (status 403, access_denied)\n${CLIENT_HINT}`,
    },
    {
      when: 'the message holds logging commands, which stay without effect',
      faults: [denied('##vso[task.complete result=Succeeded;]\r\n##vso[task.setvariable variable=x]y')],
      problem:
        'Keeper refused the request (status 403, access_denied): ##vso[task.complete result=Succeeded;]  ' +
        `##vso[task.setvariable variable=x]y\n${CLIENT_HINT}`,
    },
    {
      when: 'the message holds escape sequences, and is not shown',
      faults: [denied('bad\u001b[2J')],
      problem: `Keeper refused the request (status 403, access_denied): …\n${CLIENT_HINT}`,
    },
    {
      when: 'the version of the client is not served any more',
      faults: [
        {
          status: 400,
          body: {
            error: 'invalid_client_version',
            message: '',
            additional_info: 'client version not registered',
          },
        },
      ],
      problem:
        'Keeper refused the request (status 400, invalid_client_version): client version not registered\n' +
        'hint: update this extension',
    },
    {
      when: "Keeper asks for another key than the config's own",
      faults: [{ rotateTo: '8', sameKey: true }],
      problem:
        'Keeper asks for the server key 8, but the config brings a `serverPublicKey` of its own, which Keeper refuses\n' +
        'hint: make a new config for this application',
    },
    {
      when: 'Keeper asks for a key that nobody knows',
      members: { serverPublicKey: undefined, serverPublicKeyId: '7' },
      keyId: '99',
      problem:
        'Keeper asks for the server key 99, which this task does not know\n' +
        'hint: make a new config for this application',
    },
    {
      when: 'Keeper asks again for the key to which the task has changed',
      members: { serverPublicKey: undefined, serverPublicKeyId: '7' },
      keyId: '10',
      requests: 2,
      problem:
        'Keeper asks for the server key 10, which it was just sent\n' +
        'hint: make a new config for this application',
    },
    {
      when: 'Keeper throttles for longer than the task waits',
      faults: forEver({ throttled: true }),
      requests: Array.from({ length: 16 }, (_, index) => 36 + index),
      problem:
        'Keeper throttles this device; it would be free only after the limit of 600 s for that\n' +
        'hint: give each pipeline a device of its own, start fewer jobs at once, or raise `timeoutInSeconds`',
    },
    {
      when: 'Keeper says itself that it throttles for longer',
      faults: [{ throttled: 600 }],
      problem:
        'Keeper throttles this device; it would be free only after the limit of 600 s for that\n' +
        'hint: give each pipeline a device of its own, start fewer jobs at once, or raise `timeoutInSeconds`',
    },
    {
      when: 'Keeper stays out of service',
      faults: forEver({ status: 503 }),
      requests: 4,
      problem: `HOST is out of service (status 503)\n${SERVICE_HINT}`,
    },
    {
      when: 'a proxy shows its own error page',
      faults: forEver({ status: 502, body: WEB_PAGE }),
      requests: 4,
      problem: `HOST is out of service (status 502)\n${SERVICE_HINT}`,
    },
    {
      when: 'a captive portal asks to sign in',
      faults: [{ status: 200, body: WEB_PAGE }],
      problem: `HOST answered with status 200 and a web page, not as Keeper does\n${HOSTNAME_HINT}`,
    },
    {
      when: 'a redirect would lead elsewhere, where it is not followed',
      faults: [{ status: 302, headers: { location: 'https://localhost/' } }],
      problem: `HOST answered with status 302 and nothing else, not as Keeper does\n${HOSTNAME_HINT}`,
    },
    {
      when: 'a proxy forbids it',
      faults: [{ status: 403, body: 'Forbidden by policy' }],
      problem: `HOST answered with status 403 and a text, not as Keeper does\n${HOSTNAME_HINT}`,
    },
    {
      when: 'a byte of the answer is wrong',
      faults: [{ flipByte: -1 }],
      problem:
        "the answer of HOST cannot be read: it does not decrypt with this request's key, so it was changed on the way",
    },
    {
      when: 'the answer is cut short',
      faults: [{ truncate: 100 }],
      problem:
        "the answer of HOST cannot be read: it does not decrypt with this request's key, so it was changed on the way",
    },
    {
      when: 'the answer is empty',
      faults: [{ status: 200, body: '' }],
      problem: 'the answer of HOST cannot be read: it is empty',
    },
    {
      when: 'the answer is cut before it was encrypted',
      faults: [{ plaintext: '{"records":' }],
      problem: 'the answer of HOST cannot be read: what it decrypts to is not the JSON of an answer',
    },
    {
      when: 'every connection breaks',
      faults: forEver({ destroy: true }),
      requests: 4,
      problem: `no answer from HOST: the connection broke (ECONNRESET)\n${CONNECTION_HINT}`,
    },
    {
      when: 'nobody listens',
      isGone: true,
      requests: 0,
      problem: `no answer from HOST: it refuses connections (ECONNREFUSED)\n${CONNECTION_HINT}`,
    },
    {
      when: "the server's certificate is not trusted, to which nothing is sent",
      trusted: false,
      requests: 0,
      problem:
        'the certificate of HOST is not accepted: its issuer `Embedded Keeper Test CA` is not one that this agent trusts ' +
        '(UNABLE_TO_VERIFY_LEAF_SIGNATURE)\nhint: if a proxy of your company inspects TLS, give its ' +
        "authority's certificate (PEM) in the input `caCertificate`, or in NODE_EXTRA_CA_CERTS on the agent; the check " +
        'cannot be turned off',
    },
    {
      when: 'the address of an attachment has expired, and so has the new one',
      faults: forEver({ on: 'download', expired: true }),
      secrets: [PASSWORD, SMALL],
      requests: 4,
      problem:
        `line 2, column 1: the download of the attachment \`small.pem\` failed with status 403\n${SMALL_EXCERPT}\n` +
        'hint: run the pipeline again; the address of an attachment is valid for a short time',
    },
    {
      when: 'a download breaks off again and again',
      faults: forEver({ on: 'download', breakAfter: 500_000 }),
      secrets: [PASSWORD, LARGE],
      requests: 5,
      problem:
        'line 2, column 1: the download of the attachment `large.bin` failed: no answer from HOST: the connection broke ' +
        `(ECONNRESET)\n${LARGE_EXCERPT}\n` +
        'hint: the agent has to be allowed to connect to this host as well (port 443, proxy, firewall)',
    },
  ];

  for (const { when, problem, requests = 1, ...options } of refusals) {
    test(`when ${when}`, async (t) => assertRefused(await run(t, options), problem, requests));
  }
});

describe('the task goes on', { concurrency: 2 }, () => {
  const recoveries = [
    { after: 'Keeper has throttled it', faults: [{ throttled: true }] },
    {
      after: 'Keeper has throttled it for a time that it names',
      faults: [{ throttled: 3 }, { throttled: '7' }],
    },
    {
      after: 'Keeper has failed',
      faults: [{ status: 500, body: { error: 'generic', message: 'out of order' } }],
      log: ['Keeper failed (status 500, generic): out of order; trying again'],
    },
    {
      after: 'Keeper was out of service',
      faults: [{ status: 503, headers: { 'retry-after': '9' } }],
    },
    { after: 'the connection was reset', faults: [{ destroy: true }] },
    { after: 'the answer broke off', faults: [{ breakAfter: 100 }] },
    { after: 'the answer came in drops', faults: [{ chunked: true, trickle: { bytes: 200, everyMs: 1 } }] },
    { after: 'a download failed', faults: [{ on: 'download', status: 503 }], secrets: [PASSWORD, SMALL] },
    {
      after: 'a download broke off',
      faults: [{ on: 'download', breakAfter: 500_000 }],
      secrets: [PASSWORD, LARGE],
    },
  ];

  for (const { after, log = [], ...options } of recoveries) {
    test(`after ${after}`, async (t) => {
      const { run: outcome, keeper } = await run(t, options);
      assert.equal(outcome.result, 'Succeeded');
      assert.deepEqual(outcome.variables, { DB_PASSWORD: { value: 's3cr3t-p4ssw0rd', isSecret: true } });
      assert.equal(outcome.files.length, (options.secrets ?? [PASSWORD]).length - 1);
      assert.deepEqual(outcome.issues, []);
      assert.deepEqual(outcome.log.slice(0, log.length), log);
      assert.ok(keeper.requests.every(({ verified }) => verified));
    });
  }
});

test('each request draws a transmission key of its own', async (t) => {
  const { keeper } = await run(t, { faults: [{ status: 503 }, { destroy: true }] });
  const keys = keeper.requests.map(({ headers }) => headers.transmissionkey);
  assert.equal(new Set(keys).size, 3);
});

test("the name of Keeper's host is not a secret, so that messages can name it", async (t) => {
  const { run: outcome, keeper } = await run(t, { faults: [{ status: 200, body: '' }] });
  assert.equal(
    outcome.log.join('\n'),
    `##[error]the answer of ${keeper.hostname} cannot be read: it is empty`,
  );
});
