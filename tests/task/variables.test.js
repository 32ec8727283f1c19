// What an agent alone can tell of variables: macros in values and names that the job knows already.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openKeeper, runWithKeeper } from './packed-task.js';

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
  assert.deepEqual(laterEnvironment, { MY_VISIBLE_NAME: 's3cr3t-p4ssw0rd' });
});

test('an output variable is known under the name of its step, with or without a prefix', async (t) => {
  const { outputs, variables } = await run(t, [
    'Database/field/password > first',
    'Database/field/password > out:second',
  ]);
  assert.deepEqual(outputs, { first: SECRET, second: SECRET });
  assert.deepEqual(variables, {});
});

test('variables of the pipeline may stand in a mapping line', async (t) => {
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
