// Every fault of the matrix meets the packed task, on each installed version of Node: it gets through, or says exactly
// where it got stuck. No test waits; time passes only when the test says so.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inProject } from '../../scripts/paths.js';
import * as hints from './faults/hints.js';
import { MATRIX } from './faults/index.js';
import { findNodes } from './nodes.js';
import { renderTable } from './table.js';
import { runIn } from './world.js';

/** Agents run the task on newer versions; on this one, a clean failure is good enough. */
const OLDEST = 16;
const SUPPORTED = 20;

const SECRETS = ['s3cr3t-p4ssw0rd', 'the-certificate', 'p@ss:w0rd', 'p%40ss', 'signature='];

const LIBRARYS_FILES = ['proxy', 'cert'];

for (const node of findNodes()) {
  const rows = MATRIX.flatMap(({ title, rows }) => rows.map((row) => ({ title, row })));
  // A sample is enough to see that everything loads.
  const sample = node.major >= SUPPORTED ? rows : rows.filter((_, index) => index % 8 === 0);
  const wanted = sample.filter(({ row }) => node.major >= (row.from ?? 0));
  describe(`on Node ${node.major}`, { concurrency: 2, skip: node.major < OLDEST }, () => {
    for (const { title, row } of wanted) {
      const isElsewhere = row.system !== undefined && row.system !== process.platform;
      const skip = isElsewhere && `only ${row.system} lets a test bring it about`;
      test(`${title}: ${row.fault}`, { skip }, (t) => assertRow(t, row, node));
    }
  });
}

test('the table in docs/faults.md is the one of this matrix', async () => {
  const written = readFileSync(inProject('docs', 'faults.md'), 'utf8');
  assert.ok(written === (await renderTable(MATRIX)), 'it is not: run node tests/network/table.js');
});

test('each fault of a group has a name of its own', () => {
  for (const { title, rows } of MATRIX) {
    const names = rows.map(({ fault }) => fault);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
      title,
    );
  }
});

test('every common hint is the hint of a fault', () => {
  const said = MATRIX.flatMap(({ rows }) =>
    rows.flatMap(({ problem = '', warnings = [] }) => [problem, ...warnings]),
  );
  const unused = Object.entries(hints).filter(([, hint]) => !said.some((text) => text.endsWith(hint)));
  assert.deepEqual(unused, []);
});

/**
 * @param {import('node:test').TestContext} t
 * @param {import('./faults/row.js').Row} row
 * @param {import('./nodes.js').Node} node
 */
async function assertRow(t, row, { path, major }) {
  const { run, world, host } = await runIn(t, row.when, path);
  const requests = typeof row.requests === 'function' ? row.requests(major) : row.requests;
  const inFull = (text) =>
    text.replaceAll(/(?<!_)HOST/g, host).replaceAll(/(?<!_)PROXY/g, world.proxy?.label ?? 'PROXY');

  assert.deepEqual(
    run.issues.map(({ type, rawMessage }) => [type, asOfNode20(rawMessage)]),
    [
      ...(row.warnings ?? []).map((text) => ['warning', text]),
      ...(row.problem === undefined ? [] : [['error', inFull(row.problem)]]),
    ],
    run.log.join('\n'),
  );
  assert.equal(run.result, row.survives ? 'Succeeded' : 'Failed');
  assert.equal(run.exitCode, 0);
  assert.ok([requests].flat().includes(requestsSeen(world)), `${requestsSeen(world)} requests`);
  assert.deepEqual(
    (row.log ?? []).filter((line) => !isInLog(run.log, line instanceof RegExp ? line : inFull(line))),
    [],
    run.log.join('\n'),
  );
  assertWholeOrNothing(run, row);
  const shown = run.log.join('\n');
  for (const secret of SECRETS) assert.equal(shown.includes(secret), false, `${secret} is shown`);
  assert.ok(
    world.keeper.requests.every(({ verified }) => verified || row.when.config),
    'a request was wrong',
  );
  const keys = world.keeper.requests.flatMap(({ headers }) => headers.transmissionkey ?? []);
  assert.equal(new Set(keys).size, keys.length, 'a transmission key was used twice');
}

/** Node 24 and Windows sometimes have OpenSSL's code where others have `EPROTO`. @param {string} message */
const asOfNode20 = (message) =>
  message.replace(/\(ERR_SSL_(?:TLSV1_ALERT_PROTOCOL_VERSION|WRONG_VERSION_NUMBER)\)/, '(EPROTO)');

const isInLog = (log, line) =>
  log.some((shown) => (line instanceof RegExp ? line.test(shown) : shown === line));

function requestsSeen({ keeper, proxy, connections }) {
  return keeper.requests.length || connections || (proxy?.connects.length ?? 0);
}

function assertWholeOrNothing(run, { survives, when }) {
  const count = (when.secrets ?? []).filter((line) => line.includes('> file:')).length;
  // The task library keeps the keys there with which it encrypts the agent's passwords.
  const files = run.files.filter(
    ({ path }) => !LIBRARYS_FILES.some((name) => path === join(run.folders.temp, name)),
  );
  if (survives) {
    assert.deepEqual(run.variables, { DB_PASSWORD: { value: 's3cr3t-p4ssw0rd', isSecret: true } });
    assert.equal(files.length, count);
  } else {
    assert.deepEqual([run.variables, run.outputs, files], [{}, {}, []]);
  }
}
