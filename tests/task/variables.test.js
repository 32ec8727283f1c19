// Variables of the job: macros in values, and names that the job already has.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isWindows } from '../platform.js';
import { errorsOf, openKeeper, runWithKeeper, warningsOf } from './packed-task.js';

const HOLDS = [{ title: 'Database', fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }] }];
const SECRET = { value: 's3cr3t-p4ssw0rd', isSecret: true };
const PUBLIC = { value: 's3cr3t-p4ssw0rd', isSecret: false };

/**
 * @param {import('node:test').TestContext} t
 * @param {string[]} secrets
 * @param {object} [agent]
 */
async function run(t, secrets, agent) {
  const keeper = await openKeeper(t, { holds: HOLDS });
  const outcome = await runWithKeeper(t, { keeper, secrets, agent });
  assert.equal(outcome.result, 'Succeeded');
  return outcome;
}

test('a secret variable is not in the environment of later steps, an environment variable is', async (t) => {
  const { laterEnvironment } = await run(t, [
    'Database/field/password > var:SECRET',
    'Database/field/password > env:my.visible name',
    'Database/field/password > out:OUTPUT',
  ]);
  assert.deepEqual(laterEnvironment, { my_visible_name: 's3cr3t-p4ssw0rd' });
});

for (const kind of ['var', 'out', 'env']) {
  test(
    `with the largest value that ${kind}: takes, later tasks still start`,
    { skip: isWindows },
    async (t) => {
      const holding = async (size) => {
        const keeper = await openKeeper(t, { holds: [{ title: 'Large', notes: 'x'.repeat(size) }] });
        return runWithKeeper(t, { keeper, secrets: [`Large/notes > ${kind}:NAME`] });
      };
      const [message] = errorsOf(await holding(140_000));
      const limit = Number(/ can hold ([\d,]+) here/.exec(message)?.[1].replace(',', ''));
      const { result, breakingVariables } = await holding(limit);
      assert.deepEqual({ result, breakingVariables }, { result: 'Succeeded', breakingVariables: [] });
    },
  );
}

test('an output variable is known under the name of its step, with or without a prefix', async (t) => {
  const { outputs, variables } = await run(t, [
    'Database/field/password > first',
    'Database/field/password > out:second',
  ]);
  assert.deepEqual(outputs, { first: SECRET, second: SECRET });
  assert.deepEqual(variables, {});
});

test('a mapping line may hold variables of the pipeline', async (t) => {
  const { variables } = await run(t, ['$(record)/field/password > var:$(stage)_PASSWORD'], {
    variables: { record: 'Database', stage: 'PROD' },
  });
  assert.deepEqual(variables, { PROD_PASSWORD: SECRET });
});

test('one name may be an output variable and reach the environment too', async (t) => {
  const { outputs, variables } = await run(t, [
    'Database/field/password > out:token',
    'Database/field/password > env:TOKEN',
  ]);
  assert.deepEqual(outputs, { token: SECRET });
  assert.deepEqual(variables, { TOKEN: PUBLIC });
});

const PEM = '-----BEGIN KEY-----\nMIIB0123456789\n-----END KEY-----\n';

/**
 * @param {import('node:test').TestContext} t
 * @param {object} values by label
 * @param {string[]} secrets
 * @param {object} [agent]
 */
async function runWith(t, values, secrets, agent = {}) {
  const custom = Object.entries(values).map(([label, value]) => ({ type: 'text', label, value: [value] }));
  const keeper = await openKeeper(t, { holds: [{ title: 'Database', custom }] });
  return runWithKeeper(t, { keeper, secrets, agent });
}

/** Asserts that nothing was set, with this message. */
function assertRefused(outcome, problem) {
  assert.deepEqual(
    errorsOf(outcome).map((error) => error.split('\n')[0]),
    [problem],
  );
  assert.deepEqual([outcome.result, outcome.variables, outcome.outputs], ['Failed', {}, {}]);
}

test('the environment gets names in their case, of whole records if the line says so', async (t) => {
  const { laterEnvironment } = await runWith(t, { 'db password': 's3cr3t-p4ssw0rd', userName: 'al-1-ce' }, [
    'Database/custom_field/userName > env:TF_VAR_db_user',
    'Database/* > env+keepcase:TF_VAR_*',
    'Database/* > env:DB_*',
  ]);
  assert.deepEqual(laterEnvironment, {
    TF_VAR_db_user: 'al-1-ce',
    TF_VAR_db_password: 's3cr3t-p4ssw0rd',
    TF_VAR_userName: 'al-1-ce',
    DB_DB_PASSWORD: 's3cr3t-p4ssw0rd',
    DB_USERNAME: 'al-1-ce',
  });
});

describe('several lines go if a variable of the job of exactly the right name says so', () => {
  const SETTING = 'SYSTEM_UNSAFEALLOWMULTILINESECRET';
  const lines = ['Database/custom_field/plain > var:FIRST', 'Database/custom_field/pem > var:KEY'];
  const values = { plain: 's3cr3t-p4ssw0rd', pem: PEM };
  for (const value of ['true', 'True', '1', '$true']) {
    test(`${SETTING}: ${value}`, async (t) => {
      const outcome = await runWith(t, values, lines, { variables: { [SETTING]: value } });
      assert.deepEqual([outcome.result, outcome.variables.KEY.value], ['Succeeded', PEM]);
    });
  }
  for (const [where, agent] of Object.entries({
    "the step's env": { stepEnvironment: { [SETTING]: 'true' } },
    'a variable of another spelling': { variables: { 'System.UnsafeAllowMultilineSecret': 'true' } },
    'a value that means no': { variables: { [SETTING]: 'yes' } },
    'nothing at all': {},
  })) {
    test(`not by ${where}`, async (t) => {
      assertRefused(
        await runWith(t, values, lines, agent),
        'line 2, column 1: the value for `KEY` has several lines, which a secret variable of the agent cannot hold',
      );
    });
  }
});

test('without the decoding of percent signs values arrive as they are, or are refused', async (t) => {
  const agent = { variables: { DECODE_PERCENTS: 'false' } };
  const value = 'p%q%AZP25%25r';
  const outcome = await runWith(t, { value }, ['Database/custom_field/value > var:A'], agent);
  assert.deepEqual(outcome.variables, { A: { value, isSecret: true } });
  assert.deepEqual(outcome.maskedBeforeUse, []);
  for (const [refused, setting] of [
    ['p%0Aq', agent],
    ['p%q', { stepEnvironment: { DECODE_PERCENTS: 'false' } }],
  ]) {
    assertRefused(
      await runWith(t, { refused }, ['Database/custom_field/refused > var:A'], setting),
      'line 1, column 1: the value for `A` contains a percent sign that the agent would misread',
    );
  }
});

describe('a value that names a variable in $( )', { concurrency: 2 }, () => {
  const REFUSED =
    'line 1, column 1: the value for `A` names a variable of the job in `$(…)`, which the agent would replace';
  const agent = { variables: { Region: 'eu' }, secretVariables: { token: 't0k3n-of-the-job' } };
  for (const value of [
    'x$(System.AccessToken)',
    'x$(region)y',
    'x$(TOKEN)y',
    'x$(none$(token))',
    'x$(none)$(Region)',
    'x$(agent.tempdirectory)',
    'x$(B)',
  ]) {
    test(`is refused if there is one: ${value}`, async (t) => {
      const lines = ['Database/custom_field/value > var:A', 'Database/custom_field/plain > var:B'];
      assertRefused(await runWith(t, { value, plain: 's3cr3t-p4ssw0rd' }, lines, agent), REFUSED);
    });
  }

  test('goes to a file, or in Base64, or where the line allows it', async (t) => {
    const value = 'x$(region)y';
    const outcome = await runWith(
      t,
      { value },
      [
        'Database/custom_field/value > var+expand:A',
        'Database/custom_field/value > var+base64:B',
        'Database/custom_field/value > file:c',
      ],
      agent,
    );
    assert.deepEqual([outcome.result, warningsOf(outcome)], ['Succeeded', []]);
    assert.equal(outcome.variables.A.value, value);
  });

  test('draws a warning if there is none', async (t) => {
    const outcome = await runWith(
      t,
      { value: 'pa$(ss' + ')word' },
      ['Database/custom_field/value > var:A'],
      agent,
    );
    assert.deepEqual(warningsOf(outcome), [
      'line 1: the value for `A` contains `$(`; the agent may replace that with a variable',
    ]);
    assert.equal(outcome.result, 'Succeeded');
  });
});

describe('what the job holds already', { concurrency: 2 }, () => {
  for (const [line, problem, agent] of [
    [
      'out:TempDirectory',
      '`agent.TempDirectory` is a variable of the agent or the system; setting it would change the job',
      { stepName: 'agent' },
    ],
    [
      'out:queued',
      'the job has a variable `queued`, and if it is read-only the agent refuses an output variable of its name',
      { readOnlyVariables: ['QUEUED'], variables: { 'agent.readOnlyVariables': 'true' } },
    ],
    [
      'env:Token',
      '`Token` is already a secret variable of the job and stays secret, so no step would find it in its environment',
      { secretVariables: { TOKEN: 't0k3n-of-the-job' } },
    ],
    [
      'env:MY_NAME',
      "`MY_NAME` has the name of the job's variable `my.name` in the environment",
      { variables: { 'my.name': 'x' } },
    ],
  ]) {
    test(`leaves no room for ${line}`, async (t) => {
      const lines = ['Database/custom_field/value > var:FIRST', `Database/custom_field/value > ${line}`];
      const outcome = await runWith(t, { value: 's3cr3t-p4ssw0rd' }, lines, agent);
      assertRefused(outcome, `line 2, column 31: ${problem}`);
    });
  }

  test('may be set again', async (t) => {
    const outcome = await runWith(
      t,
      { value: 's3cr3t-p4ssw0rd' },
      ['Database/custom_field/value > var:FIRST'],
      {
        variables: { FIRST: 'x', 'agent.readOnlyVariables': 'true' },
      },
    );
    assert.deepEqual(outcome.variables, { FIRST: SECRET });
  });
});

test('the warning for a short value says what the agent does', async (t) => {
  const lines = ['Database/custom_field/pin > var:PIN', 'Database/custom_field/pin > env:PIN_TOO'];
  const short = await runWith(t, { pin: '007' }, lines);
  assert.deepEqual(warningsOf(short), [
    'line 1: the value for `PIN` is so short that the agent hides its characters wherever they are in a log',
    'line 2: the value for `PIN_TOO` is too short to be hidden in logs',
  ]);
  assert.ok(short.log.some((line) => /^ *1 .*masked by the agent$/.test(line)));
  const ignored = await runWith(t, { pin: '00700' }, lines, {
    variables: { AZP_IGNORE_SECRETS_SHORTER_THAN: '8' },
  });
  assert.deepEqual(
    warningsOf(ignored),
    [1, 2].map(
      (number) =>
        `line ${number}: the value for \`PIN${number === 2 ? '_TOO' : ''}\` is too short to be hidden in logs: the agent is set ` +
        'to ignore secrets of less than 6 characters',
    ),
  );
  assert.ok(ignored.log.some((line) => /^ *1 .*not masked$/.test(line)));
});
