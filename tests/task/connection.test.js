// Sources of the config: a service connection, the input or the environment variable, as the agent passes them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inProject, readJson } from '../../scripts/paths.js';
import { CONFIG_IN_CLEAR, errorsOf, openKeeper, runWithKeeper, warningsOf } from './packed-task.js';

const HOLDS = [{ title: 'Database', fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }] }];
const SECRETS = ['Database/field/password > var:DB_PASSWORD'];
const CONNECTION_ID = '6f1e8d0a-2b47-4c3e-9b53-7a1c0e9d5f24';

const extension = readJson(inProject('vss-extension.json'));
const task = readJson(inProject('task', 'task.json'));

/** The agent's options for a service connection with this config. */
const connected = (config) => ({
  inputs: { keeperConnection: CONNECTION_ID },
  endpoints: {
    [CONNECTION_ID]: {
      url: 'https://keepersecurity.com/',
      scheme: 'Token',
      parameters: { apitoken: config },
    },
  },
});

/**
 * Runs the task with the input `keepersecretconfig` left out, unless it is given.
 *
 * @param {import('node:test').TestContext} t
 * @param {(keeper: import('./packed-task.js').Keeper) => Partial<import('../agent/agent.js').Options>} arrange
 */
async function run(t, arrange) {
  const keeper = await openKeeper(t, { holds: HOLDS });
  const { inputs, ...agent } = arrange(keeper);
  const outcome = await runWithKeeper(t, {
    keeper,
    secrets: SECRETS,
    agent: { ...agent, inputs: { keepersecretconfig: '', ...inputs } },
  });
  return { keeper, run: outcome };
}

function assertSucceeded({ run: outcome, keeper }) {
  assert.deepEqual(errorsOf(outcome), []);
  assert.deepEqual(outcome.variables, { DB_PASSWORD: { value: 's3cr3t-p4ssw0rd', isSecret: true } });
  const { clientId, privateKey, appKey } = keeper.config;
  for (const part of [clientId, privateKey, appKey]) assert.ok(outcome.masks.includes(part), 'not masked');
  for (const text of [clientId, privateKey, appKey, keeper.configBase64, keeper.configJson]) {
    assert.ok(!outcome.log.some((line) => line.includes(text)), 'shown in the log');
  }
}

describe('a config may come', { concurrency: 2 }, () => {
  for (const debug of [false, true]) {
    const how = debug ? ', also with System.Debug' : '';
    for (const form of ['configBase64', 'configJson']) {
      test(`from a service connection as ${form.slice(6)}${how}`, async (t) =>
        assertSucceeded(await run(t, (keeper) => ({ ...connected(keeper[form]), debug }))));
    }

    test(`from the environment variable KSM_CONFIG${how}`, async (t) =>
      assertSucceeded(
        await run(t, ({ configBase64 }) => ({ environment: { KSM_CONFIG: configBase64 }, debug })),
      ));

    test(`from the input keepersecretconfig${how}`, async (t) =>
      assertSucceeded(
        await run(t, ({ configBase64 }) => ({ inputs: { keepersecretconfig: configBase64 }, debug })),
      ));
  }

  for (const [where, arrange] of /** @type {const} */ ([
    ['a connection', ({ configBase64 }) => connected(configBase64)],
    ['the input', ({ configBase64 }) => ({ inputs: { keepersecretconfig: configBase64 } })],
  ])) {
    test(`from ${where}, although KSM_CONFIG is set for other tools`, async (t) => {
      const other = { KSM_CONFIG: 'US:qZ-dE-aRPgXjXew-xEfrD4V_m2Ftu5YbVYEg6U9j-hQ' };
      assertSucceeded(await run(t, (keeper) => ({ ...arrange(keeper), environment: other })));
      assertSucceeded(await run(t, (keeper) => ({ ...arrange(keeper), variables: other })));
    });
  }

  test('from JSON in several lines in a service connection', async (t) =>
    assertSucceeded(await run(t, ({ config }) => connected(JSON.stringify(config, null, 2)))));
});

describe('a config that is in none of the secret variables draws a warning', { concurrency: 2 }, () => {
  const input = (text) => ({ inputs: { keepersecretconfig: text } });
  /** Removes a variable from the task's environment before the task starts. */
  const without = (name) => ['--import', `data:text/javascript,delete process.env.${name}`];
  for (const [how, arrange, isInClear] of /** @type {const} */ ([
    ['in the pipeline', ({ configBase64 }) => input(configBase64), true],
    ['in the pipeline, as JSON', ({ configJson }) => input(configJson), true],
    [
      'in a variable that is not secret',
      ({ configJson }) => ({ ...input('$(plain)'), variables: { plain: configJson } }),
      true,
    ],
    [
      'beside other secret variables',
      ({ configBase64 }) => ({
        ...input(configBase64),
        secretVariables: { short: '~', other: 'secret-of-others' },
      }),
      true,
    ],
    [
      'in a secret variable with blanks around it',
      ({ configBase64 }) => ({
        ...input('$(my.Config)'),
        secretVariables: { 'my.Config': `\n ${configBase64}\n` },
      }),
      false,
    ],
    [
      'in a secret variable in several lines',
      ({ config }) => ({
        ...input('$(config)'),
        secretVariables: { config: JSON.stringify(config, null, 2).replaceAll('\n', '\r\n') },
      }),
      false,
    ],
    [
      'in two secret variables',
      ({ configBase64 }) => ({
        ...input('$(one)$(two)'),
        secretVariables: { one: configBase64.slice(0, 100), two: configBase64.slice(100) },
      }),
      false,
    ],
    [
      'perhaps in a secret variable that the task does not get',
      ({ configBase64 }) => ({
        ...input(configBase64),
        secretVariables: { other: 'secret-of-others' },
        nodeArguments: without('SECRET_OTHER'),
      }),
      false,
    ],
    [
      'where the agent names no secret variables',
      ({ configBase64 }) => ({
        ...input(configBase64),
        nodeArguments: without('VSTS_SECRET_VARIABLES'),
      }),
      false,
    ],
    ['in a service connection', ({ configBase64 }) => connected(configBase64), false],
    ['in KSM_CONFIG', ({ configBase64 }) => ({ environment: { KSM_CONFIG: configBase64 } }), false],
  ])) {
    test(`${how}: ${isInClear ? 'yes' : 'no'}`, async (t) => {
      const keeper = await openKeeper(t, { holds: HOLDS });
      const { inputs, ...agent } = arrange(keeper);
      const outcome = await runWithKeeper(t, {
        keeper,
        secrets: SECRETS,
        isConfigInline: true,
        agent: { ...agent, inputs: { keepersecretconfig: '', ...inputs } },
      });
      assert.deepEqual(errorsOf(outcome), []);
      assert.deepEqual(warningsOf(outcome), isInClear ? [CONFIG_IN_CLEAR] : []);
    });
  }
});

const EXPECTED =
  'expected one in the input `keepersecretconfig` or `keeperConnection`, or in the environment variable `KSM_CONFIG`';

describe('it fails before anything is asked', { concurrency: 2 }, () => {
  for (const { when, arrange, problem, expected = EXPECTED } of [
    {
      when: 'there is no config',
      arrange: () => ({}),
      problem:
        /^there is no config; (.*)\nhint: pass the config in a secret variable, as in `\$\(secret_config\)`; /,
    },
    {
      when: 'the connection holds none',
      arrange: () => connected(''),
      problem: /^there is no config; (.*)\nhint: /,
    },
    {
      when: 'the connection is of another type',
      arrange: () => ({
        inputs: { keeperConnection: CONNECTION_ID },
        endpoints: {
          [CONNECTION_ID]: {
            scheme: 'UsernamePassword',
            parameters: { username: 'svc-user', password: 'p4ssw0rd-x' },
          },
        },
      }),
      problem:
        /^the service connection `keeperConnection` is of another type, which holds no config\nhint: choose a connection of the type Keeper Secrets Manager$/,
    },
    {
      when: 'there are a connection and an input',
      arrange: ({ configBase64 }) => ({
        ...connected(configBase64),
        inputs: { keeperConnection: CONNECTION_ID, keepersecretconfig: configBase64 },
      }),
      problem: /^`keeperConnection` and `keepersecretconfig` both hold a config; (.*)$/,
      expected: 'expected one of them',
    },
  ]) {
    test(`when ${when}, and what is expected is named`, async (t) => {
      const { run: outcome, keeper } = await run(t, arrange);
      assert.equal(outcome.result, 'Failed');
      const [message, ...others] = errorsOf(outcome);
      assert.deepEqual(others, []);
      assert.match(message, problem);
      assert.equal(message.match(problem)?.[1] ?? expected, expected);
      assert.deepEqual(keeper.requests, []);
      assert.ok(!outcome.log.some((line) => line.includes(keeper.configBase64)));
    });
  }

  test('when a connection holds something else, with the message for any config', async (t) => {
    const { run: outcome } = await run(t, () => connected('US:qZ-dE-aRPgXjXew-xEfrD4V_m2Ftu5YbVYEg6U9j-hQ'));
    assert.match(errorsOf(outcome)[0], /^the config is a one-time token; expected one that is already bound/);
    assert.ok(!outcome.log.some((line) => line.includes('qZ-dE-aRPgXj')));
  });
});

test('a secret variable named KSM_CONFIG is no config until the step maps it', async (t) => {
  const { run: outcome } = await run(t, ({ configBase64 }) => ({
    secretVariables: { KSM_CONFIG: configBase64 },
  }));
  assert.match(errorsOf(outcome)[0], /^there is no config; /);
});

test('the extension brings the type of connection that the input asks for, with the one parameter that is read', () => {
  const { properties, type, targets } = extension.contributions.find(({ id }) => id === 'ksm-connection');
  assert.equal(type, 'ms.vss-endpoint.service-endpoint-type');
  assert.deepEqual(targets, ['ms.vss-endpoint.endpoint-types']);
  assert.equal(properties.displayName, 'Keeper Secrets Manager');
  const input = task.inputs.find(({ name }) => name === 'keeperConnection');
  assert.equal(input.type, `connectedService:${properties.name}`);

  const [scheme, ...others] = properties.authenticationSchemes;
  assert.deepEqual(others, []);
  assert.equal(scheme.type, 'ms.vss-endpoint.endpoint-auth-scheme-token');
  const [{ id, isConfidential, inputMode, validation }] = scheme.inputDescriptors;
  assert.deepEqual([id, isConfidential, inputMode], ['apitoken', true, 'passwordbox']);
  assert.equal(validation.isRequired, true);
});
