// Texts from Keeper, the vault, a proxy or a repository stay text: messages may show them, but they never become
// commands for the agent, whatever they look like.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openKeeper, runWithKeeper } from './packed-task.js';

const NOW = '2026-03-04T05:06:07Z';

/** Texts that try to be commands. */
const TEXTS = [
  '##vso[task.setvariable variable=EVIL]x',
  '###vso[task.setvariable variable=EVIL]x',
  '####vso[task.complete result=Succeeded;]',
  '#\u200b#vso[task.setvariable variable=EVIL]x',
  '\r\n##vso[task.setvariable variable=EVIL]x\n##vso[task.uploadfile]/etc/passwd',
  '%0A##vso[task.setvariable variable=EVIL]x%0D##[error]x',
  '\u2028##vso[task.prependpath]/evil\u001b[2K\u0085##[section]x',
  ']##vso[task.issue type=error;]x;variable=EVIL',
  // The agent finds its prefix as a reader would, across invisible characters.
  '#\u00ad#vso[task.setvariable variable=EVIL]x',
  '#\u{e0041}#v\u00adso[task.setvariable variable=EVIL]x##\u2060vso[task.complete result=Succeeded;]',
];

const PASSWORD = { type: 'password', value: ['s3cr3t-p4ssw0rd'] };
const hex = (text) => Buffer.from(text).toString('hex');
/** A notation in Base64 can name anything. */
const notation = (record, rest) =>
  Buffer.from(`${record.replaceAll(/[\\/[\]]/g, '\\$&')}/${rest}`).toString('base64');
const label = (text) => text.replaceAll(/[\\/[\]]/g, '\\$&');

const refused = (status, body) => ({ faults: () => ({ status, body }) });

/**
 * Sources of such a text, with what is requested.
 *
 * @type {Record<string, (text: string) => { holds?: object[], secrets?: string[], faults?: object, members?: object,
 *          warnings?: string[], files?: Record<string, string>, inputs?: object, variables?: Record<string, string> }>}
 */
const SOURCES = {
  'the title of a record that is used': (text) => ({
    holds: [{ title: text, fields: [PASSWORD] }],
    secrets: [`${notation(text, 'field/password')} > var:A`, `${notation(text, 'title')} > file:title`],
  }),
  'the title of a record that is nearly meant': (text) => ({
    holds: [{ title: text, fields: [PASSWORD] }],
    secrets: [`${notation(`${text}y`, 'field/password')} > var:A`],
  }),
  'the title of two records': (text) => ({
    holds: [
      { title: text, fields: [PASSWORD] },
      { title: text, fields: [PASSWORD] },
    ],
    secrets: [`${notation(text, 'field/password')} > var:A`],
  }),
  'the UID of a record that cannot be opened': (text) => ({
    holds: [{ title: 'Database', uid: text, fields: [PASSWORD], broken: 'data' }],
    secrets: [`${notation(text, 'field/password')} > var:A`, 'Other/field/x > var:B'],
  }),
  'the type and the notes of a record': (text) => ({
    holds: [{ title: 'Database', type: text, notes: text, fields: [PASSWORD] }],
    secrets: ['Database/type > file:type', 'Database/notes > file:notes', 'Database/notes > var+base64:A'],
  }),
  'the label of a field': (text) => ({
    holds: [
      {
        title: 'Database',
        fields: [
          { ...PASSWORD, label: text },
          { ...PASSWORD, label: `${text} two` },
        ],
      },
    ],
    secrets: [
      `${notation('Database', `field/${label(text)}`)} > var:A`,
      'Database/* > var:X_*',
      'Database/* > env+json:ALL',
    ],
  }),
  'the label of an empty field': (text) => ({
    holds: [
      {
        title: 'Database',
        fields: [
          { type: 'text', label: text, value: [] },
          { type: 'text', label: 'short', value: ['q'] },
        ],
      },
    ],
    secrets: ['Database/* > var:X_*', `${notation('Database', `field/${label(text)}`)} > var?:A`],
  }),
  'the labels of fields besides': (text) => ({
    holds: [
      { title: 'Database', fields: [{ ...PASSWORD, label: text }], custom: [{ ...PASSWORD, label: text }] },
    ],
    secrets: ['Database/field/x > var:A', 'Database/custom_field/x > var?:B'],
  }),
  'the properties of a value': (text) => ({
    holds: [{ title: 'Database', fields: [{ type: 'host', value: [{ [text]: 's3cr3t-p4ssw0rd' }] }] }],
    secrets: ['Database/field/host[x] > var:A', 'Database/field/host > env:B'],
  }),
  'the name of an attachment': (text) => ({
    holds: [{ title: 'Database', files: [{ name: text, text: 'the-certificate', declaredSize: 3 }] }],
    secrets: [`${notation('Database', `file/${text.replaceAll(/[\\/[\]]/g, '\\$&')}`)} > file:a`],
  }),
  'the names of attachments besides': (text) => ({
    holds: [
      {
        title: 'Database',
        files: [
          { name: text, text: 'x' },
          { name: `${text}.b`, text: 'x', broken: 'fileKey' },
        ],
      },
    ],
    secrets: ['Database/file/x > file:a'],
  }),
  'the name of an attachment that is refused': (text) => ({
    holds: [{ title: 'Database', files: [{ name: text, uid: 'AttachmentAttachmentAt', text: 'x' }] }],
    secrets: ['Database/file/AttachmentAttachmentAt > file:a'],
    faults: [{ on: 'download', status: 403, body: text, headers: { 'x-amz-error': hex(text) } }],
  }),
  "Keeper's warnings": (text) => ({ warnings: [text, `${text} two`] }),
  'the message of a refusal': (text) => refused(403, { error: 'access_denied', message: text }),
  'the code of a refusal': (text) => refused(400, { error: text, message: text, additional_info: text }),
  'the message of a server that is down': (text) => refused(503, { error: text, message: text }),
  'the key that Keeper asks for': (text) => refused(401, { error: 'key', key_id: text }),
  'how long Keeper throttles': (text) =>
    refused(403, { error: 'throttled', retry_after: text, message: text }),
  'a web page': (text) => refused(200, `<html>${text}`),
  'an answer without encryption': (text) => refused(200, text),
  'an answer that is none': (text) => ({ faults: [{ plaintext: `{"records": [{"${text}": ` }] }),
  "an answer's headers": (text) => ({
    faults: [
      {
        status: 503,
        headers: Object.fromEntries(
          [
            'retry-after',
            'location',
            'www-authenticate',
            'content-type',
            'server',
            'set-cookie',
            'warning',
          ].map((name) => [name, text.replaceAll(/[^\x20-\x7e]/g, ' ')]),
        ),
      },
    ],
  }),
  'the id of the key in the config': (text) => ({
    members: { serverPublicKeyId: text, hostname: 'keeper.test' },
  }),
  'the hostname in the config': (text) => ({ members: { hostname: text } }),
  'a mapping line': (text) => ({
    secrets: [
      `${text} > var:A`,
      `Database/field/password > ${text}`,
      `Database/field/password > var:${text}`,
      text,
    ],
  }),
  'a mapping file': (text) => ({
    files: { 'lines.txt': `${text}\nDatabase/${text} > var:A\nDatabase/field/password > file:${text}` },
    inputs: { secretsFile: 'lines.txt' },
  }),
  'a template and its name': (text) => ({
    files: { 'in.txt': `\${keeper://Database/field/password | ${text}} \${keeper://${text}} ${text}` },
    inputs: { templates: `in.txt > out.txt\n${text} > ${text}.out\n${text}` },
  }),
  'the path of a mapping file': (text) => ({ inputs: { secretsFile: text } }),
  'the mode and the policy': (text) => ({ inputs: { mode: text, outputPolicy: text } }),
  'the path of a file': (text) => ({
    secrets: [`Database/field/password > file:folder ${text.replaceAll(/[\r\n]/g, ' ')}`],
  }),
};

const HOLDS = [{ title: 'Database', fields: [PASSWORD] }];
let passed = 0;
const names = Object.keys(SOURCES);
/** Half of the texts, the other half for every other source. */
const textsOf = (index) => TEXTS.filter((_, place) => place % 2 === index % 2);

describe('what wants to be a command stays text', { concurrency: 2 }, () => {
  names.forEach((name, index) => {
    test(`in ${name}`, async (t) => {
      for (const [turn, text] of textsOf(index).entries()) {
        await assertText(t, SOURCES[name](text), (turn + index) % 2 === 1);
        passed += 1;
      }
    });
  });

  const servers = {
    'in what is no HTTP at all': (text) => ({
      answer: `HTTP/1.1 503 ${text}\r\n\r\n`,
      sourceAt: (port) => ({ members: { hostname: `localhost:${port}` } }),
    }),
    'in what a proxy answers': (text) => ({
      answer: `HTTP/1.1 407 ${text.replaceAll(/[^ -~]/g, '')}\r\nProxy-Authenticate: ${text}, Basic\r\n\r\n${text}`,
      sourceAt: (port) => ({ variables: { 'Agent.ProxyUrl': `http://127.0.0.1:${port}` } }),
    }),
  };
  Object.entries(servers).forEach(([name, serve], index) => {
    test(name, async (t) => {
      for (const text of textsOf(index)) {
        const { answer, sourceAt } = serve(text);
        const server = createServer((socket) => socket.on('error', () => {}).end(answer));
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        t.after(() => server.close());
        await assertText(t, sourceAt(/** @type {any} */ (server.address()).port), true);
        passed += 1;
      }
    });
  });
});

const expected = [...names.keys(), 0, 1].reduce((sum, index) => sum + textsOf(index).length, 0);
test(`these were ${expected} texts that want to be commands`, () => assert.equal(passed, expected));

/**
 * @param {import('node:test').TestContext} t
 * @param {ReturnType<(typeof SOURCES)[string]>} source
 * @param {boolean} debug
 */
async function assertText(t, source, debug) {
  const { holds = HOLDS, secrets = ['Database/field/password > var:A'], faults = [], members = {} } = source;
  const folder = fs.mkdtempSync(join(tmpdir(), 'names-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(source.files ?? {})) fs.writeFileSync(join(folder, name), text);
  const keeper = await openKeeper(t, { holds, faults, warnings: source.warnings });
  const run = await runWithKeeper(t, {
    keeper,
    secrets,
    config: JSON.stringify({ ...keeper.config, ...members }),
    now: NOW,
    agent: { debug, sourcesFolder: folder, inputs: source.inputs, variables: source.variables },
  });

  const events = ['complete', 'debug', 'logissue', 'setsecret', 'settaskvariable', 'setvariable'];
  assert.deepEqual(
    run.commands.filter(({ area, event }) => area !== 'task' || !events.includes(event)),
    [],
  );
  assert.deepEqual(run.droppedCommands, []);
  const lines = run.unmaskedOutput.split(/\r\n|[\r\n]/);
  assert.deepEqual(
    lines.filter((line) => line.includes('##') && !/^##vso\[task\.\w+[ \]]/.test(line)),
    [],
    'commands or headings inside of lines',
  );
  assert.deepEqual(
    lines.filter((line) => /[\u001b\u0085\u200b\u2028]/.test(line) && !isData(line)),
    [],
    'invisible characters',
  );
  const set = [...Object.keys(run.variables), ...Object.keys(run.outputs)];
  assert.deepEqual(
    set.filter((name) => !/^(A|B|ALL|X_\w+)$/.test(name)),
    [],
  );
  assert.equal(run.completions.length, 1);
  assert.equal(run.result, run.completions[0].result);
  assert.equal(run.exitCode, 0);
}

/** The agent gets values as they are, and the library repeats inputs in debug lines. */
const isData = (line) => /^##vso\[task\.(setsecret|setvariable|settaskvariable|debug)/.test(line);
