// Secrets in the wrong input, and in proxy addresses: the task masks them before anything can print them, and does not
// reveal them to the server.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, test } from 'node:test';
import { inProject, readJson } from '../../scripts/paths.js';
import { openKeeper, runWithKeeper } from './packed-task.js';

const HOLDS = [{ title: 'Database', fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }] }];
const LINES = ['Database/field/password > var:DB_PASSWORD'];
const FAILED = [{ result: 'Failed', message: 'the task failed; see its errors' }];

const PEM = [
  '-----BEGIN PRIVATE KEY-----',
  'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw',
  '  q8Zt/0KpWv+xM4n7RrT2bYcD9eLhUaGf>sJoP1',
  '\tdQ5HXm6iB3wEySNkCzVlFjAgOu8TIR',
  'Z7vG==',
  '-----END PRIVATE KEY-----',
];

/**
 * @param {import('node:test').TestContext} t
 * @param {object} agent
 * @param {string[]} [secrets]
 */
async function run(t, agent, secrets = LINES) {
  const keeper = await openKeeper(t, { holds: HOLDS });
  return runWithKeeper(t, {
    keeper,
    secrets,
    agent: { ...agent, secretVariables: { ...agent.secretVariables, secret_config: keeper.configBase64 } },
  });
}

/** Lines that show one of these texts, in what people read and in what the server gets. */
const showing = (outcome, texts) =>
  [
    ...outcome.log,
    ...outcome.issues.map(({ message }) => message),
    ...outcome.completions.map(({ message }) => message),
  ].filter((line) => texts.some((text) => line.includes(text)));

/** The inputs that the core reads, and that should not contain secrets. */
const INPUTS = readJson(inProject('task', 'task.json'))
  .inputs.map(({ name }) => name)
  .filter((name) => !['keepersecretconfig', 'keeperConnection', 'caCertificate'].includes(name));

describe('a secret variable in an input that is none for secrets', { concurrency: 2 }, () => {
  for (const input of INPUTS) {
    for (const newline of ['\n', '\r\n']) {
      test(`${input}, ${JSON.stringify(newline)}`, async (t) => {
        const key = PEM.join(newline);
        const secrets = input === 'secrets' ? ['$(key)', '$(key) > var:KEY'] : LINES;
        const outcome = await run(
          t,
          { debug: true, secretVariables: { key }, inputs: input === 'secrets' ? {} : { [input]: '$(key)' } },
          secrets,
        );
        assert.deepEqual(outcome.completions, FAILED);
        assert.deepEqual(
          showing(
            outcome,
            PEM.slice(1, -1).map((line) => line.trim()),
          ),
          [],
        );
      });
    }
  }
});

test('the server gets one sentence, however many problems there are', async (t) => {
  for (const secrets of [['no arrow'], ['no arrow', 'nor here'], ['Unknown/field/x > var:A']]) {
    const outcome = await run(t, {}, secrets);
    assert.deepEqual(outcome.completions, FAILED);
    assert.ok(outcome.issues.some(({ type }) => type === 'error'));
  }
  const done = await run(t, {});
  assert.deepEqual(done.completions, [{ result: 'Succeeded', message: '' }]);
});

describe('of the address of a proxy the host is shown, and nothing else', { concurrency: 8 }, () => {
  const token = 'ghp4tokenThatIsAUserName0123456789';
  for (const [address, hidden] of [
    ['svc:pr0xy-p4ss@127.0.0.1:1', ['pr0xy-p4ss']],
    ['http://svc:pr0xy-p4ss@127.0.0.1:1', ['pr0xy-p4ss']],
    ['http://svc:pr%40xy%2fp4ss@127.0.0.1:1', ['pr%40xy%2fp4ss', 'pr@xy/p4ss', 'pr%40xy%2Fp4ss']],
    ['svc:pr0xy@p4ss@127.0.0.1:1', ['pr0xy@p4ss']],
    ['svc:pr0xy/p4ss@127.0.0.1:1', ['pr0xy/p4ss']],
    [`${token}@127.0.0.1:1`, [token]],
    [`http://${token}:x@127.0.0.1:1`, [token]],
    [`http://${token}:@127.0.0.1:1`, [token]],
  ]) {
    test(address, async (t) => {
      const outcome = await run(t, { debug: true, environment: { HTTPS_PROXY: address } });
      assert.deepEqual(showing(outcome, hidden), []);
      const [userinfo] = /^.*(?=@)/.exec(address.replace('http://', '')) ?? [''];
      const basic = Buffer.from(decodeURIComponent(userinfo.includes(':') ? userinfo : `${userinfo}:`));
      for (const text of [...hidden, basic.toString('base64')]) {
        assert.ok(outcome.masks.includes(text), `${text} is masked`);
      }
    });
  }
});

test('a long address without a login takes no time', async (t) => {
  const outcome = await run(t, { environment: { HTTPS_PROXY: `http://${'x'.repeat(120_000)}` } });
  assert.ok(outcome.durationMs < 5000, `${outcome.durationMs} ms`);
});

test('a config is masked under whatever name Windows finds it', async (t) => {
  const keeper = await openKeeper(t, { holds: HOLDS });
  const outcome = await runWithKeeper(t, {
    keeper,
    secrets: LINES,
    agent: { environment: { Ksm_Config: `${keeper.configBase64}==` } },
  });
  assert.ok(outcome.masks.includes(`${keeper.configBase64}==`));
});

test("the task library leaves no key of the proxy's password or the certificate's on the disk", async (t) => {
  const outcome = await run(t, {
    variables: {
      'Agent.ProxyUrl': 'http://127.0.0.1:1',
      'Agent.ProxyUsername': 'svc',
      'Agent.ClientCert': '/none.pem',
    },
    secretVariables: { 'Agent.ProxyPassword': 'pr0xy-p4ss', 'Agent.ClientCertPassword': 'c3rt-p4ss' },
  });
  assert.deepEqual(fs.readdirSync(outcome.folders.temp), []);
});
