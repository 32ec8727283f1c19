// Templates, judged by the parsers of the resulting files, and the limits of templates.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runTask } from '../agent/agent.js';
import { isWindows } from '../platform.js';
import { READERS } from './dotenv-readers.js';
import { nastyValues } from './nasty-values.js';
import { errorsOf, openKeeper, runWithKeeper, taskFolder } from './packed-task.js';

const VALUES = nastyValues(300);
const NAMES = Object.keys(VALUES);
const NASTY = [
  {
    title: 'Nasty',
    custom: NAMES.map((name) => ({ type: 'text', label: name, value: [VALUES[name]] })),
  },
];
const DATABASE = [{ title: 'Database', fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }] }];

const placeholder = (name, form) => `\${keeper://Nasty/custom_field/${name} | ${form}}`;

function makeFolder(t) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'templates-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * @param {import('node:test').TestContext} t
 * @param {{ templates: string, files: Record<string, string | Buffer>, holds?: object[], secrets?: string[], folder?: string }} options
 */
async function run(t, { templates, files, holds = DATABASE, secrets = [], folder = makeFolder(t) }) {
  for (const [path, text] of Object.entries(files)) fs.writeFileSync(join(folder, path), text);
  const keeper = await openKeeper(t, { holds });
  const agent = { sourcesFolder: folder, inputs: { templates } };
  const outcome = await runWithKeeper(t, { keeper, secrets, agent });
  return { run: outcome, keeper, folder, text: (path) => fs.readFileSync(join(folder, path), 'utf8') };
}

/**
 * Fills a template with one line for each value, and returns the file's path and the names of the values in it. Lines
 * whose value the form refuses are left out.
 *
 * @param {import('node:test').TestContext} t
 * @param {(name: string) => string} line
 * @param {RegExp} [refusal] the expected message for a refused value; without it no value may be refused
 */
async function fill(t, line, refusal) {
  const tryWith = async (names) => {
    const text = names.map((name) => `${line(name)}\n`).join('');
    return run(t, { templates: 'in.txt > out.txt', files: { 'in.txt': text }, holds: NASTY });
  };
  let names = NAMES;
  let filled = await tryWith(names);
  // Only the first problems are shown.
  while (refusal && filled.run.result === 'Failed') {
    const problems = errorsOf(filled.run).filter((problem) => problem.startsWith('in.txt, line '));
    assert.ok(problems.length > 0 && problems.every((problem) => refusal.test(problem)));
    const refused = new Set(problems.map((problem) => Number(problem.match(/line (\d+)/)?.[1]) - 1));
    names = names.filter((_, index) => !refused.has(index));
    filled = await tryWith(names);
  }
  assert.deepEqual(errorsOf(filled.run), []);
  return { path: join(filled.folder, 'out.txt'), text: filled.text('out.txt'), names };
}

/** The values that were not read back as they are in Keeper. */
const changed = (names, found) =>
  names.filter((name) => found[name] !== VALUES[name]).map((name) => [VALUES[name], found[name]]);

const hasPython = (module) => spawnSync('python3', ['-c', `import ${module}`]).status === 0;

function askPython(script, path) {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script, path], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

describe('what a template becomes is read as it is in Keeper', { concurrency: 2 }, () => {
  test('as JSON, by JSON.parse', async (t) => {
    const { text, names } = await fill(t, (name) => placeholder(name, 'json'));
    const lines = text.trimEnd().split('\n');
    const found = Object.fromEntries(names.map((name, index) => [name, JSON.parse(lines[index])]));
    assert.deepEqual(changed(names, found), []);
  });

  test('as YAML, in characters that every reader of YAML accepts', async (t) => {
    const { path, text, names } = await fill(t, (name) => `${name}: ${placeholder(name, 'yaml')}`);
    // The printable characters of YAML 1.2, 5.1. Line ends other than "\n" would be folded.
    assert.match(
      text,
      /^(?:[\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]|[^\0-\uffff])*$/u,
    );
    const scalars = text.trimEnd().split('\n');
    const found = Object.fromEntries(scalars.map((line) => line.match(/^(\w+): (".*")$/)?.slice(1) ?? []));
    for (const name of names) found[name] = JSON.parse(found[name]);
    assert.deepEqual(changed(names, found), []);

    await t.test('by PyYAML', { skip: !hasPython('yaml') && 'it is not on this machine' }, () => {
      const script =
        'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1], encoding="utf8"))))';
      assert.deepEqual(changed(names, askPython(script, path)), []);
    });
  });

  test('as XML, in elements and attributes', async (t) => {
    const refusal = /: the value contains a control character, which XML cannot represent\n/;
    const line = (name) => `<${name} a="${placeholder(name, 'xml')}">${placeholder(name, 'xml')}</${name}>`;
    const { path, text, names } = await fill(t, line, refusal);
    const elements = [...text.matchAll(/<(\w+) a="([^<"]*)">([^<]*)<\/\1>\n/g)];
    assert.equal(elements.map(([element]) => element).join(''), text);
    const attributes = Object.fromEntries(elements.map(([, name, value]) => [name, fromXml(value)]));
    assert.deepEqual(changed(names, attributes), []);
    const contents = Object.fromEntries(elements.map(([, name, , value]) => [name, fromXml(value)]));
    assert.deepEqual(changed(names, contents), []);
    const controls = NAMES.filter((name) => /[\0-\x08\v\f\x0e-\x1f\ufffe\uffff]/.test(VALUES[name]));
    assert.equal(names.length, NAMES.length - controls.length);

    await t.test(
      "by Python's parser",
      { skip: !hasPython('xml.etree') && 'it is not on this machine' },
      () => {
        const script =
          'import json, sys, xml.etree.ElementTree as E; root = E.fromstring("<r>" + ' +
          'open(sys.argv[1], encoding="utf8", newline="").read() + "</r>"); ' +
          'print(json.dumps([{e.tag: e.get("a") for e in root}, {e.tag: e.text for e in root}]))';
        for (const found of askPython(script, path)) assert.deepEqual(changed(names, found), []);
      },
    );
  });

  test('as a dotenv file, by shells and parsers', async (t) => {
    const refusal =
      /: the value means different things to different readers of dotenv files, however it is quoted\n/;
    const { path, names } = await fill(t, (name) => `${name}=${placeholder(name, 'dotenv')}`, refusal);
    for (const { name, read } of READERS) {
      await t.test(`by ${name}`, { skip: !read && 'it is not on this machine' }, () =>
        assert.deepEqual(changed(names, read?.(path)), []),
      );
    }
  });

  test('as Base64', async (t) => {
    const { text, names } = await fill(t, (name) => placeholder(name, 'base64'));
    const lines = text.trimEnd().split('\n');
    const decoded = lines.map((line) => Buffer.from(line, 'base64').toString());
    assert.deepEqual(
      changed(names, Object.fromEntries(names.map((name, index) => [name, decoded[index]]))),
      [],
    );
  });

  test('as it is, without a form', async (t) => {
    const template = NAMES.map((name) => `\${keeper://Nasty/custom_field/${name}}\u0000`).join('');
    const { text } = await run(t, {
      templates: 'in.txt > out.txt',
      files: { 'in.txt': template },
      holds: NASTY,
    });
    assert.equal(text('out.txt'), NAMES.map((name) => `${VALUES[name]}\u0000`).join(''));
  });
});

/** A text as an XML parser reads it: line ends and tabs become spaces, then references are resolved. */
function fromXml(text) {
  const references = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text
    .replaceAll(/\r\n|[\r\n\t]/g, ' ')
    .replaceAll(/&(?:#(\d+)|(\w+));/g, (_, number, name) =>
      number ? String.fromCodePoint(Number(number)) : references[name],
    );
}

describe('a template', { concurrency: 2 }, () => {
  const TEMPLATE = 'password: ${keeper://Database/field/password | yaml}\n';

  test('may become itself, and comes back when the job ends', async (t) => {
    const {
      run: main,
      folder,
      text,
    } = await run(t, {
      templates: 'app.yaml > app.yaml',
      files: { 'app.yaml': TEMPLATE },
    });
    assert.equal(main.result, 'Succeeded');
    assert.equal(text('app.yaml'), 'password: "s3cr3t-p4ssw0rd"\n');
    const post = await runTask({
      taskFolder,
      section: 'postjobexecution',
      sourcesFolder: folder,
      tempFolder: main.folders.temp,
      taskVariables: main.taskVariables,
    });
    t.after(post.cleanUp);
    assert.deepEqual(fs.readdirSync(folder), ['app.yaml']);
    assert.equal(text('app.yaml'), TEMPLATE);
  });

  test('stays as it is when something else fails', async (t) => {
    const { run: outcome, text } = await run(t, {
      templates: 'app.yaml > app.yaml',
      files: { 'app.yaml': TEMPLATE },
      secrets: ['Database/field/login > var:LOGIN'],
    });
    assert.equal(outcome.result, 'Failed');
    assert.equal(text('app.yaml'), TEMPLATE);
    assert.deepEqual(outcome.variables, {});
  });

  test('is in the table at the end with its placeholders, and may lie in the temporary folder', async (t) => {
    const { run: outcome } = await run(t, {
      templates: 'app.yaml > $(Agent.TempDirectory)/app.yaml',
      files: { 'app.yaml': TEMPLATE },
    });
    const target = `${outcome.folders.temp}/app.yaml`;
    assert.equal(fs.readFileSync(target, 'utf8'), 'password: "s3cr3t-p4ssw0rd"\n');
    const cells = outcome.log.map((line) => line.trim().split(/ {2,}/));
    assert.deepEqual(cells.slice(0, 3), [
      ['line', 'secret', 'destination'],
      ['app.yaml, line 1', '${keeper://Database/field/password | yaml}', target.slice(0, 100), 'masked'],
      [
        'templates, line 1',
        'app.yaml (1 placeholder)',
        target.slice(0, 100),
        `28 bytes${isWindows ? '' : ', mode 0600'}`,
      ],
    ]);
  });

  test('has to be a text of at most 4 MiB', async (t) => {
    const folder = makeFolder(t);
    fs.mkdirSync(join(folder, 'folder'));
    const { run: outcome } = await run(t, {
      templates: ['folder > a', 'missing > b', 'latin1 > c', 'large > d', '/dev/null > e'].join('\n'),
      files: { latin1: Buffer.from('gr\xfc\xdfe', 'latin1'), large: Buffer.alloc(4 * 1024 * 1024 + 1, 'x') },
      folder,
    });
    assert.deepEqual(
      errorsOf(outcome).map((problem) => problem.split('\n')[0]),
      [
        'templates, line 1, column 1: the template cannot be read: it is a folder',
        'templates, line 2, column 1: the template cannot be read: there is no such file',
        'templates, line 3, column 1: the template cannot be read: it is neither UTF-8 nor UTF-16',
        'templates, line 4, column 1: the template cannot be read: it has more than 4 MiB',
        `templates, line 5, column 1: the template cannot be read: ${
          // Windows does not have this file.
          isWindows ? 'there is no such file' : 'it is not a plain file'
        }`,
        '5 problems; nothing was set',
      ],
    );
  });
});
