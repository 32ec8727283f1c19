// Network settings: which proxy is used for what, invalid time limits, and what is masked.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Environment, initSync } from '../../pkg/core.js';
import { inProject } from '../../scripts/paths.js';
import { readProxySettings } from '../../task/network/settings.js';
import { PASSWORD, runIn } from './world.js';

initSync({ module: readFileSync(inProject('pkg', 'core_bg.wasm')) });

const KEEPER = 'https://keepersecurity.com/api';

/** How a proxy is chosen, if the agent and the machine say this. */
function read({ agent = {}, environment = {} }) {
  const ofAgent = Object.entries(agent).map(([name, value]) => [name.replace('.', '_').toUpperCase(), value]);
  const variables = { ...environment, ...Object.fromEntries(ofAgent) };
  const warnings = [];
  const given = new Environment(Object.keys(variables), Object.values(variables));
  return { choose: readProxySettings(given, (text) => warnings.push(text)), warnings };
}

/** Which proxy is used for an address. */
function choose(url, settings) {
  const { choose, warnings } = read(settings);
  return { proxy: choose(new URL(url)), warnings };
}

describe('the proxy', () => {
  const cases = [
    ['nobody names one', {}, undefined],
    ['the agent does', { agent: { 'Agent.ProxyUrl': 'http://agent:3128' } }, 'agent:3128'],
    ['the agent does without a port', { agent: { 'Agent.ProxyUrl': 'http://agent/' } }, 'agent:80'],
    ['the agent does, for HTTPS', { agent: { 'Agent.ProxyUrl': 'https://agent' } }, 'agent:443'],
    ['the machine does', { environment: { HTTPS_PROXY: 'http://machine:1' } }, 'machine:1'],
    ['the machine does in odd case', { environment: { Https_Proxy: 'machine:1' } }, 'machine:1'],
    [
      'the machine does in two cases',
      { environment: { HTTPS_PROXY: 'http://upper:1', https_proxy: 'http://lower:1' } },
      'lower:1',
    ],
    ['the machine does, for HTTP alone', { environment: { HTTP_PROXY: 'http://machine:1' } }, undefined],
    ['the machine says none', { environment: { HTTPS_PROXY: '' } }, undefined],
    [
      'both do',
      { agent: { 'Agent.ProxyUrl': 'http://agent:1' }, environment: { HTTPS_PROXY: 'http://machine:1' } },
      'agent:1',
    ],
    [
      'both do, and the agent passes this host by',
      {
        agent: { 'Agent.ProxyUrl': 'http://agent:1', 'Agent.ProxyBypassList': '["keepersecurity\\\\.com"]' },
        environment: { HTTPS_PROXY: 'http://machine:1' },
      },
      undefined,
    ],
    ['it is an address of version 6', { environment: { HTTPS_PROXY: 'http://[::1]:8080' } }, '[::1]:8080'],
  ];
  for (const [when, settings, expected] of cases) {
    test(`when ${when} is ${expected ?? 'none'}`, () => {
      assert.equal(choose(KEEPER, settings).proxy?.label, expected);
    });
  }

  test('NO_PROXY is read by the core', () => {
    for (const [exceptions, url, isException] of [
      ['*', KEEPER, true],
      ['keepersecurity.com', KEEPER, true],
      ['keepersecurity.com:443', KEEPER, true],
      ['keepersecurity.com:8443', KEEPER, false],
      ['keepersecurity.com:8443', 'https://keepersecurity.com:8443/', true],
      ['10.0.0.0/8;127.*', 'https://127.0.0.1/', true],
      ['10.0.0.0/8;127.*', 'https://0xa000001/', true],
      ['[::1]:8443', 'https://[::1]:8443/', true],
      ['', KEEPER, false],
    ]) {
      const environment = { HTTPS_PROXY: 'http://machine:1', NO_PROXY: exceptions };
      assert.equal(choose(url, { environment }).proxy === undefined, isException, `${exceptions} for ${url}`);
    }
  });

  test("the agent's bypass list is matched against scheme, host and port alone, as the agent does it", () => {
    for (const [expression, url, isBypassed] of [
      ['keepersecurity\\.com', KEEPER, true],
      ['^HTTPS://KEEPER', KEEPER, true],
      ['api', KEEPER, false],
      ['^https://keepersecurity\\.com$', `${KEEPER}?x=1#y`, true],
      ['^https://keepersecurity\\.com$', 'https://keepersecurity.com:443/api', true],
      ['^https://keepersecurity\\.com$', 'https://keepersecurity.com:8443/api', false],
      ['^https://keepersecurity\\.com:8443$', 'https://keepersecurity.com:8443/api', true],
      ['\\.corp\\.local', 'https://evil.example.test/?x=.corp.local', false],
      ['\\.corp\\.local', 'https://user:.corp.local@evil.example.test/', false],
      ['\\[::1\\]', 'https://[::1]/', true],
      ['keeper.example.test', 'https://KEEPER.example.test/', true],
    ]) {
      const agent = {
        'Agent.ProxyUrl': 'http://agent:1',
        'Agent.ProxyBypassList': JSON.stringify([expression]),
      };
      assert.equal(choose(url, { agent }).proxy === undefined, isBypassed, `${expression} for ${url}`);
    }
  });

  test('an expression that takes for ever on some host holds up the task once', () => {
    const agent = {
      'Agent.ProxyUrl': 'http://agent:1',
      'Agent.ProxyBypassList': '["^https://(a+)+$", "keeper"]',
    };
    const { choose, warnings } = read({ agent });
    assert.equal(choose(new URL(KEEPER)), undefined);
    const before = performance.now();
    for (const host of ['b', 'b', 'c', 'd', 'e', 'f']) {
      const proxy = choose(new URL(`https://${'a'.repeat(60)}.${host}/`));
      assert.equal(proxy?.label, 'agent:1', 'what is not known to be passed by uses the proxy');
    }
    assert.ok(performance.now() - before < 1_500);
    assert.equal(choose(new URL(KEEPER)), undefined, 'what is known stays known');
    assert.deepEqual(warnings, [
      "the agent's proxy bypass list takes too long to match a host, so the proxy is used",
    ]);
  });

  test('logs in with the fields of the agent', () => {
    const basic = (text) => `Basic ${Buffer.from(text).toString('base64')}`;
    const agent = { 'Agent.ProxyUrl': 'http://agent:1', 'Agent.ProxyUsername': 'a' };
    assert.equal(choose(KEEPER, { agent }).proxy?.authorization, basic('a:'));
    const environment = { SECRET_AGENT_PROXYPASSWORD: ' :@%/ü' };
    assert.equal(choose(KEEPER, { agent, environment }).proxy?.authorization, basic('a: :@%/ü'));
  });

  test('is not passed by because of a list that cannot be read', () => {
    for (const list of ['not JSON', '{"a":1}', '["("]', '[1]', '[""]']) {
      const agent = { 'Agent.ProxyUrl': 'http://agent:1', 'Agent.ProxyBypassList': list };
      assert.equal(choose(KEEPER, { agent }).proxy?.label, 'agent:1', list);
    }
  });

  test('is named by its setting when it is not a proxy', () => {
    for (const [address, code] of [
      ['http://:1', 'PROXY_ADDRESS'],
      ['socks5://proxy:1', 'PROXY_SCHEME'],
    ]) {
      const expected = { code, detail: 'HTTPS_PROXY' };
      assert.throws(() => choose(KEEPER, { environment: { HTTPS_PROXY: address } }), expected, address);
    }
  });
});

test('an invalid time limit is reported with whatever else is wrong, before anything is sent', async (t) => {
  const { run, world } = await runIn(t, {
    secrets: ['no arrow'],
    agent: () => ({ inputs: { timeoutInSeconds: '0' } }),
  });
  assert.deepEqual(
    run.issues.map(({ rawMessage }) => rawMessage.split('\n')[0]),
    [
      '`timeoutInSeconds` is `0`; expected whole seconds from 1 to 3600',
      'line 1, column 1: expected `notation > destination`, found no `>`',
      '2 problems; nothing was set',
    ],
  );
  assert.equal(world.keeper.requests.length, 0);
});

test("the proxy's password is hidden in every form, with debugging on as well", async (t) => {
  const login = { user: 'alice', password: 'p@ss w0rd/100%' };
  const { run } = await runIn(t, {
    secrets: [PASSWORD],
    proxy: { login },
    agent: ({ proxy }) => ({
      debug: true,
      variables: { 'Agent.ProxyUrl': proxy.url, 'Agent.ProxyUsername': login.user },
      secretVariables: { 'Agent.ProxyPassword': login.password },
    }),
  });
  assert.equal(run.result, 'Succeeded', run.log.join('\n'));
  const basic = Buffer.from(`${login.user}:${login.password}`).toString('base64');
  for (const form of [login.password, encodeURIComponent(login.password), basic]) {
    assert.ok(run.masks.includes(form), form);
    assert.equal(run.log.join('\n').includes(form), false, form);
  }
});

test("the password in the machine's proxy is hidden as well", async (t) => {
  const { run } = await runIn(t, {
    proxy: { login: { user: 'alice', password: 'p@ssw0rd' } },
    agent: ({ proxy }) => ({
      debug: true,
      environment: { https_proxy: `http://alice:p%40ssw0rd@${proxy?.label}` },
    }),
  });
  assert.equal(run.result, 'Succeeded', run.log.join('\n'));
  for (const form of ['p@ssw0rd', 'p%40ssw0rd', Buffer.from('alice:p@ssw0rd').toString('base64')]) {
    assert.ok(run.masks.includes(form), form);
  }
});

test('ciphers that Node does not have are reported as the failure of the request', async (t) => {
  const { run, world } = await runIn(t, {
    secrets: [PASSWORD],
    agent: () => ({ environment: { NODE_OPTIONS: '--tls-cipher-list=NONE' } }),
  });
  assert.equal(run.result, 'Failed');
  assert.deepEqual(
    run.issues.map(({ rawMessage }) => rawMessage.split('\n')[0]),
    [`no answer from ${world.host}: it does not speak TLS 1.2 or newer (ERR_SSL_NO_CIPHER_MATCH)`],
  );
  assert.deepEqual(world.keeper.requests, []);
});
