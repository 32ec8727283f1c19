// The tables of the reference are true: each notation gives what its row says, each destination becomes what its row
// says, and the inputs are those of the task.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { inProject, readJson } from '../../scripts/paths.js';
import { guideVault } from '../keeper/samples.js';
import { errorsOf, openKeeper, runWithKeeper } from '../task/packed-task.js';
import { blocksOf, codeIn, readPage, rowsOf } from './markdown.js';
import { NOW } from './pipeline.js';

const PAGE = 'docs/mapping-lines.md';
const rowsBelow = (...headings) => rowsOf(PAGE).filter(({ heading }) => headings.includes(heading));

/** @param {import('node:test').TestContext} t @param {string[]} secrets @param {Record<string, string>} [inputs] */
async function run(t, secrets, inputs = {}, sourcesFolder = undefined) {
  const keeper = await openKeeper(t, { holds: guideVault() });
  const agent = { inputs, allowMultilineSecret: true, ...(sourcesFolder && { sourcesFolder }) };
  const outcome = await runWithKeeper(t, { keeper, secrets, now: NOW, agent });
  assert.deepEqual(errorsOf(outcome), []);
  return outcome;
}

const matches = (value, shown) =>
  shown.endsWith('…') ? value.startsWith(shown.slice(0, -1)) : value === shown;

test('each notation gives what its row says', async (t) => {
  const rows = rowsBelow('Notation').filter(({ cells }) => cells[1]);
  assert.ok(rows.length >= 14, `${rows.length}`);
  const notations = rows.map(({ cells }) => codeIn(cells[0])[0]);
  const { variables } = await run(
    t,
    notations.map((notation, index) => `${notation} > var:V${index}`),
  );
  for (const [index, { cells }] of rows.entries()) {
    const [shown] = codeIn(cells[1]);
    const { value } = variables[`V${index}`];
    assert.ok(matches(value, shown), `${notations[index]} gives ${value}, not ${shown}`);
  }
});

/** The words that a message lists for an unknown one. */
async function listedWords(t, message, secrets, inputs = {}, sourcesFolder = undefined) {
  const keeper = await openKeeper(t, { holds: [] });
  const agent = { inputs: { mode: 'validate', ...inputs }, sourcesFolder };
  const errors = errorsOf(await runWithKeeper(t, { keeper, secrets, agent }));
  const [first] = errors.join('\n').split(`${message}; expected `).slice(1);
  assert.ok(first, `${message}: not found in ${errors.join('\n')}`);
  return codeIn(first.split('\n')[0]);
}

const listedKinds = async (t) =>
  (await listedWords(t, 'unknown destination prefix', ['A/type > nosuchkind:X'])).map((word) =>
    word.replace(':', ''),
  );

/** The kinds of the destinations in a text. */
const kindsIn = (text) =>
  codeIn(text).flatMap((code) => /^(?:.*> *)?([a-z]+)(?:[+?][^:]*)?:/.exec(code)?.[1] ?? []);

/** What a destination of each kind sets or writes, by the value's name. */
const FOUND = {
  var: (run, name) => [run.variables[name]?.value, run.variables[name]?.isSecret],
  out: (run, name) => [run.outputs[name]?.value, run.outputs[name]?.isSecret],
  env: (run, name) => [run.laterEnvironment[name], true],
  file: (run, name) => [readFileSync(join(run.folders.sources, name), 'utf8'), true],
};

/** What forms make of a text; those not listed leave it as it is. */
const FORMED = {
  base64: (text) => Buffer.from(text).toString('base64'),
  unbase64: (text) => Buffer.from(text, 'base64').toString('utf8'),
  json: (text) => JSON.stringify(text),
  trim: (text) => text.trim(),
};

/** The forms that a message lists for an unknown one. */
async function listedForms(...run) {
  const words = await listedWords(run[0], 'unknown form', ...run.slice(1));
  return words.map((word) => word.replace('+', '')).filter((word) => !/^\d/.test(word));
}

test('every page that lists the kinds of destinations names each of them', async (t) => {
  const kinds = await listedKinds(t);
  assert.ok(kinds.length >= 4, `${kinds}`);
  const { inputs } = readJson(inProject('task', 'task.json'));
  const [choice] = /(?<=\$\{4\|)[^|]*/.exec(readPage('docs/keeper.code-snippets'));
  const cells = (page, heading) =>
    rowsOf(page)
      .filter((row) => row.heading === heading)
      .map((row) => row.cells);
  const row = (page, beginning) => rowsOf(page).find((one) => one.cells[0].startsWith(beginning)).cells;
  const first = (rows) => rows.map(([cell]) => cell).join(' ');
  const places = {
    'FOUND in this test': Object.keys(FOUND),
    'docs/mapping-lines.md, the table under Destination': kindsIn(
      first(cells('docs/mapping-lines.md', 'Destination')),
    ),
    'docs/mapping-lines.md, the first sentence under Forms': codeIn(
      /A destination begins with its kind:[^.]*/.exec(readPage('docs/mapping-lines.md'))[0],
    ),
    'overview.md, the table under Destinations': kindsIn(first(cells('overview.md', 'Destinations'))),
    'task/task.json, the help of `secrets`': kindsIn(
      inputs.find(({ name }) => name === 'secrets').helpMarkDown,
    ),
    'docs/keeper.code-snippets, the choice of a kind': choice.split(','),
    // That row is about variables.
    'docs/migrating.md, an attachment is always a file': [
      'file',
      ...kindsIn(row('docs/migrating.md', 'an attachment is always a file')[1]),
    ],
  };
  for (const [place, named] of Object.entries(places)) {
    assert.deepEqual([...new Set(named)].sort(), [...kinds].sort(), place);
  }
});

test('an input that is one of some words offers and explains those that the core knows', async (t) => {
  const { inputs } = readJson(inProject('task', 'task.json'));
  const [{ text: sample }] = blocksOf('docs/getting-started.md').filter(({ info }) => info === 'all inputs');
  const chosen = inputs.filter(({ type }) => ['pickList', 'boolean'].includes(type));
  assert.ok(chosen.length >= 3, `${chosen.length}`);
  for (const { name, type, options, defaultValue, helpMarkDown } of chosen) {
    const input = { [name]: 'nosuchword' };
    const words = await listedWords(t, `\`${name}\` is \`nosuchword\``, ['A/type > X'], input);
    assert.ok(words.includes(defaultValue), `the default of ${name}: ${defaultValue}`);
    const comment = sample
      .split('\n')
      .find((line) => line.startsWith(`    ${name}:`))
      .split('# ')[1];
    if (type === 'boolean') {
      assert.deepEqual(words, ['true', 'false'], name);
      assert.equal(comment, 'boolean.', name);
      continue;
    }
    assert.deepEqual(Object.keys(options), words, `options of ${name} in task/task.json`);
    for (const [word, label] of Object.entries(options)) {
      assert.match(label.toLowerCase(), new RegExp(`^${word}\\b`), `the label of ${word} in task/task.json`);
    }
    const explained = words.filter((word) => !codeIn(helpMarkDown).includes(word));
    assert.deepEqual(explained, [], `the help of ${name} in task/task.json`);
    assert.equal(comment, `${words.join(' | ')}.`, `the sample of all inputs in docs/getting-started.md`);
    const row = rowsOf('docs/getting-started.md').find(({ cells }) => codeIn(cells[0])[0] === name);
    const missing = words.filter((word) => !codeIn(row.cells.join(' ')).includes(word));
    assert.deepEqual(missing, [], `the row of ${name} in docs/getting-started.md`);
  }
});

test('the table of forms and the help of the inputs name every form', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'reference-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'a.txt'), '${keeper://A/type | no such form}');
  const ofLines = await listedForms(t, ['A/type > var+no such form:X']);
  const ofTemplates = await listedForms(t, [], { templates: 'a.txt > b.txt' }, folder);
  const written = rowsBelow('Forms')
    .map(({ cells }) => codeIn(cells[0])[0])
    .filter((form) => !form.includes(':'));
  const all = [...new Set([...ofLines, ...ofTemplates])];
  assert.deepEqual(written.sort(), all.sort(), `each form has one row in ${PAGE}, under Forms`);
  const { inputs } = readJson(inProject('task', 'task.json'));
  const helpOf = (input) => inputs.find(({ name }) => name === input).helpMarkDown;
  const unnamed = ofLines.filter((form) => !codeIn(helpOf('secrets')).includes(form));
  assert.deepEqual(unnamed, [], 'the help of `secrets` in task/task.json names each form of a line');
  const without = (forms, others) =>
    forms.filter((form) => !others.includes(form)).map((form) => `\`${form}\``);
  const [more, less] = [without(ofTemplates, ofLines), without(ofLines, ofTemplates)];
  const help = `${more.join(', ')}, or any form of a mapping line but ${less.join(' and ')}.`;
  assert.ok(helpOf('templates').includes(help), `the help of \`templates\` in task/task.json says: ${help}`);
});

test('each destination becomes what it names, in the forms that it names', async (t) => {
  const written = rowsBelow('Destination', 'Forms')
    .flatMap(({ cells }) => codeIn(cells[0]))
    // Rows with single words are from another table.
    .filter((destination) => !/^[a-z0-9]+$/.test(destination));
  assert.ok(written.length >= 12, `${written.length}`);
  for (const destination of written) {
    // The syntax of Keeper's official task, for attachments only.
    const notation = destination === 'PATH' ? 'Prod TLS/file/cert.pem' : 'Prod TLS/custom_field/licence';
    const outcome = await run(t, [`${notation} > ${destination}`]);
    const [kind, ...forms] = destination.replace(/\??:.*/, '').split('+');
    const found = FOUND[{ NAME: 'out', PATH: 'file' }[kind] ?? kind];
    assert.ok(found, `FOUND in this test says what \`${kind}:\` becomes`);
    const [value, isSecret] = found(outcome, destination.match(/[A-Z]+$/)?.[0]);
    const plain = destination === 'PATH' ? CERTIFICATE : 'AAECAwQFBgf/';
    assert.equal(
      value,
      forms.reduce((text, form) => FORMED[form]?.(text) ?? text, plain),
      destination,
    );
    assert.equal(isSecret, true, destination);
    const mode = forms.find((form) => /^\d+$/.test(form)) ?? '0600';
    for (const { path } of process.platform === 'win32' ? [] : outcome.files) {
      assert.equal(statSync(path).mode & 0o777, Number.parseInt(mode, 8), destination);
    }
  }
});

const CERTIFICATE = guideVault().flatMap(({ files = [] }) => files)[0].text;

test('each line for a whole record becomes what it names', async (t) => {
  const lines = rowsBelow('Whole records').map(({ cells }) => codeIn(cells[0])[0]);
  assert.equal(lines.length, 5);
  const outcomes = [];
  for (const line of lines) outcomes.push(await run(t, [line]));
  const [json, dotenv, variables, base64, oneVariable] = outcomes;
  const names = ['HOST', 'LOGIN', 'PASSWORD', 'URL', 'API_KEY', 'OWNER'];
  const object = { login: 'alice', password: 's3cr3t-p4ssw0rd', 'API key': 'k3y-of-the-api' };
  const contentOf = ({ files }) => {
    assert.deepEqual(
      files.map(({ path }) => basename(path)),
      ['PATH'],
    );
    return readFileSync(files[0].path, 'utf8');
  };
  const pick = (text) => {
    const { login, password, 'API key': key } = JSON.parse(text);
    return { login, password, 'API key': key };
  };
  assert.deepEqual(pick(contentOf(json)), object);
  assert.deepEqual(
    contentOf(dotenv)
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]),
    names,
  );
  for (const outcome of [variables, base64]) {
    assert.deepEqual(
      Object.keys(outcome.variables),
      names.map((name) => `DB_${name}`),
    );
  }
  assert.equal(variables.variables.DB_LOGIN.value, 'alice');
  assert.equal(base64.variables.DB_LOGIN.value, FORMED.base64('alice'));
  assert.deepEqual(pick(oneVariable.variables.DATABASE.value), object);
});

test('each placeholder of a template writes what its row says', async (t) => {
  const placeholders = rowsBelow('Templates').map(({ cells }) => codeIn(cells[0])[0]);
  const folder = mkdtempSync(join(tmpdir(), 'reference-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'a.txt'), placeholders.join('\n'));
  await run(t, [], { templates: 'a.txt > b.txt' }, folder);
  const password = 's3cr3t-p4ssw0rd';
  assert.deepEqual(readFileSync(join(folder, 'b.txt'), 'utf8').split('\n'), [
    password,
    JSON.stringify(password),
    JSON.stringify(password),
    password,
    // It needs no quotes.
    password,
    FORMED.base64(password),
    '${keeper://',
    'keeper://Database/field/password',
  ]);
});

test('the Marketplace page shows destinations that there are', async (t) => {
  const written = rowsOf('overview.md').flatMap(({ cells }) => codeIn(cells[0]));
  assert.ok(written.length >= 10, `${written.length}`);
  const lines = written.map((text) => {
    if (text.startsWith('>')) return `Database/field/password ${text}`;
    return text.includes('>') ? text : `Database/* > ${text}`;
  });
  for (const line of lines) await run(t, [line], { mode: 'validate' });
});

test('the table of inputs names the inputs of the task, with their defaults', () => {
  const { inputs } = readJson(inProject('task', 'task.json'));
  const rows = rowsOf('docs/getting-started.md').filter(({ heading }) => heading === 'Inputs');
  assert.deepEqual(
    rows.map(({ cells }) => [codeIn(cells[0])[0], codeIn(cells[1])[0]]),
    inputs.map(({ name, defaultValue }) => [name, defaultValue]),
  );
});

test('the sample of all inputs has each of them, with its default', () => {
  const { inputs } = readJson(inProject('task', 'task.json'));
  const [{ text }] = blocksOf('docs/getting-started.md').filter(({ info }) => info === 'all inputs');
  const [step] = parse(text, { schema: 'failsafe' });
  assert.deepEqual(
    step.inputs,
    Object.fromEntries(inputs.map(({ name, defaultValue = '' }) => [name, defaultValue])),
  );
});

test('the long name of the task and the oldest agent are those of the manifests', () => {
  const { id, contributions } = readJson(inProject('vss-extension.json'));
  const { name, minimumAgentVersion } = readJson(inProject('task', 'task.json'));
  const { id: contribution } = contributions.find(({ type }) => type === 'ms.vss-distributed-task.task');
  const page = readPage('docs/migrating.md');
  assert.ok(page.includes(`PUBLISHER.${id}.${contribution}.${name}@1`));
  assert.ok(page.includes(`Agents need version ${minimumAgentVersion} or newer`));
});
