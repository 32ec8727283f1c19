// Secrets that a later step prints, in the ways in which tools do, are `***` in its log; what is not secret in its
// files stays readable.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { SecretMasker } from '../agent/masker.js';
import { letters } from './hostile-values.js';
import { openKeeper, runWithKeeper, warningsOf } from './packed-task.js';

const skip = process.platform === 'win32' && 'it takes the shells of Unix';

const base64 = (text, encoding = 'utf8') => Buffer.from(text, encoding).toString('base64');
const wrapped = (text, width) => text.match(new RegExp(`.{1,${width}}`, 'g'))?.join('\n') ?? '';
const url = encodeURIComponent;
const lower = (text) => text.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
const entities = (text, apostrophe) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", apostrophe);
const escaped = (text, characters) =>
  JSON.stringify(text).replaceAll(
    new RegExp(`[${characters}]`, 'g'),
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** How tools print a value. The text around it is in capitals. @type {Record<string, (value: string) => string>} */
const TOOLS = {
  echo: (value) => value,
  'echo of what $(…) has trimmed': (value) => value.trim(),
  'base64 -w 0': (value) => base64(value),
  'echo | base64 -w 0': (value) => base64(`${value.trim()}\n`),
  base64: (value) => wrapped(base64(value), 76),
  '$(cat key) | base64': (value) => wrapped(base64(value.trim()), 76),
  'openssl base64': (value) => (value.length < 58 ? '' : wrapped(base64(value), 64)),
  'curl -v, as Basic': (value) => base64(`A:${value.trim()}`).slice(3),
  jq: (value) => JSON.stringify(value),
  'python json.dumps': (value) => escaped(value, '\\u0080-\\uffff'),
  'python quote': (value) =>
    url(value)
      .replaceAll('%2F', '/')
      .replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
  'Go json': (value) => escaped(value, '&<>'),
  'ConvertTo-Json': (value) => escaped(value, "&<>'"),
  encodeURIComponent: (value) => url(value),
  'in lower case': (value) => lower(url(value)),
  'a form': (value) => `${new URLSearchParams([['A', value]])}`.slice(2),
  XML: (value) => entities(value, '&apos;'),
  HTML: (value) => entities(value, '&#39;'),
  'python html.escape': (value) => entities(value, '&#x27;'),
  'set -x in bash': (value) => value.replaceAll("'", "'\\''"),
  'set -x in dash': (value) => value.replaceAll("'", `'"'"'`),
  PowerShell: (value) => value.replaceAll("'", "''"),
};

const ONE_LINE = {
  plain: letters('printed', 20),
  special: `${letters('special')}&<${letters('special 2')}>'"/ ${letters('special 3')}@!=`,
  umlauts: `grüße-${letters('umlauts')}-🔑`,
  long: letters('long', 200),
  'with a line feed': `${letters('feed', 30)}\n`,
};
const PEM = ['-----BEGIN PRIVATE KEY-----', letters('key', 64), letters('key 2', 64), letters('key 3', 30)];
const KEY = `${PEM.join('\n')}\n-----END PRIVATE KEY-----\n`;

const FILES = {
  '.env': {
    text: [
      '# settings of the shop',
      'DB_HOST=db.example.test',
      `export DB_PASSWORD="${letters('env')} ${letters('env 2', 6)}"`,
      "API_KEY='hunter-one'",
      'LEVEL=Debugging # not a secret',
      `CONFIG={"password":"hunter-two","kind":"Config"}`,
    ].join('\n'),
    secrets: [`${letters('env')} ${letters('env 2', 6)}`, 'hunter-one', 'hunter-two'],
    readable: ['db.example.test', 'LEVEL=Debugging', '# settings of the shop', 'Config', 'DB_PASSWORD='],
  },
  'kube.config': {
    text: [
      'apiVersion: v1',
      'kind: Config',
      'clusters:',
      '- cluster:',
      `    certificate-authority-data: ${base64(letters('ca', 90))}`,
      '    server: https://cluster-1.example.test:6443',
      '  name: production',
      'users:',
      '- name: deployer',
      '  user:',
      `    client-key-data: ${base64(KEY)}`,
      '    token: hunter-three',
    ].join('\n'),
    secrets: ['hunter-three', base64(KEY), letters('key', 64), letters('key 3', 30)],
    readable: [
      'apiVersion: v1',
      'kind: Config',
      'https://cluster-1.example.test:6443',
      'production',
      'deployer',
    ],
  },
  'appsettings.json': {
    text: JSON.stringify(
      {
        Logging: { LogLevel: { Default: 'Information', 'Microsoft.AspNetCore': 'Warning' } },
        AllowedHosts: 'localhost',
        ConnectionStrings: {
          Default:
            'Server=tcp:db.example.test,1433;Database=shop;User ID=app;Password=hunter;four;Encrypt=True',
          Storage: `DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=${base64(letters('account', 40))};X=Y`,
        },
        Jwt: { Issuer: 'https://login.example.test', Secret: 'hunter-five' },
      },
      null,
      2,
    ).replace('hunter;four', 'hunter-four'),
    secrets: ['hunter-four', base64(letters('account', 40)), 'hunter-five'],
    readable: [
      'Information',
      'Warning',
      'localhost',
      'Server=tcp:db.example.test,1433',
      'https://login.example.test',
    ],
  },
  '.netrc': {
    text: 'machine git.example.test login alice password hunter-six\n',
    secrets: ['hunter-six', base64('alice:hunter-six').slice(8)],
    readable: ['machine git.example.test login alice'],
  },
  'config.json': {
    text: JSON.stringify({ auths: { 'registry.example.test': { auth: base64('alice:hunter-seven') } } }),
    secrets: ['hunter-seven', base64('alice:hunter-seven')],
    readable: ['registry.example.test', 'auths'],
  },
  'sizeless.env': {
    text: 'TOKEN=hunter-eight\n',
    secrets: ['hunter-eight'],
    readable: ['TOKEN='],
    more: { noSize: true },
  },
  'wrong.env': {
    text: 'TOKEN=hunter-nine\n',
    secrets: ['hunter-nine'],
    readable: [],
    more: { declaredSize: 10_000_000 },
  },
  'text.env': {
    text: 'TOKEN=hunter-ten\n',
    secrets: ['hunter-ten'],
    readable: [],
    more: { declaredSize: '17' },
  },
};

const BYTES = {
  'utf-16.env': [Buffer.from('\ufeffTOKEN=hunter-eleven\r\n', 'utf16le'), 'hunter-eleven'],
  'latin-1.env': [Buffer.from('TOKEN=hünter-twelve\r\n', 'latin1'), 'hünter-twelve'],
  'zeros.env': [Buffer.from('TOKEN=hunter-13\0OTHER=x\0'), 'hunter-13'],
};

/** Contents that people keep in attachments; the file explains its format. The native test reads it too. */
const CORPUS = readFileSync(new URL('../masks/corpus.txt', import.meta.url), 'utf8')
  .split('\n=== ')
  .slice(1)
  .map((entry) => {
    const [head, printed = ''] = entry.trimEnd().split('\n---\n');
    const [name, ...marked] = head.split('\n');
    const text = `${marked.join('\n').replaceAll(/[«»‹›]/g, '')}`;
    const more = /^[[{]/.test(text) ? '' : '\n#\n#\n#\n#\n';
    return { name, marked, text: text + more, printed: printed.split('\n').filter(Boolean) };
  });

/** The last characters of Base64, which contain a few bits of a secret among others. */
const LAST = /^.?={0,2}$/;

/**
 * What is left of each line, without the signs that a tool puts around a value, and without Base64's last characters.
 */
function leftOf(masker, text) {
  return text.split('\n').map((line) => masker.mask(line).replaceAll('***', ''));
}

/** The masker of an agent after the step. */
function maskerOf(run) {
  const masker = new SecretMasker();
  for (const mask of run.masks) masker.add(mask);
  return masker;
}

describe('what a later step prints', async () => {
  test('of a value is hidden, in whatever way', async (t) => {
    const values = { ...ONE_LINE, key: KEY };
    const custom = Object.entries(values).map(([label, value]) => ({
      type: 'secret',
      label,
      value: [value],
    }));
    const keeper = await openKeeper(t, { holds: [{ title: 'Shop', custom }] });
    const lines = Object.keys(values).map(
      (name, index) => `Shop/custom_field/${name} > file:$(Agent.TempDirectory)/${index}`,
    );
    const run = await runWithKeeper(t, { keeper, secrets: lines });
    assert.equal(run.result, 'Succeeded');
    const masker = maskerOf(run);
    for (const [name, value] of Object.entries(values)) {
      for (const [tool, print] of Object.entries(TOOLS)) {
        const isLineByLine =
          name === 'key' && /XML|HTML|html|form|encode|quote|case|set -x|PowerShell/.test(tool);
        if (isLineByLine) continue;
        for (const line of leftOf(masker, print(value))) {
          const rest = line.replace(/^-----.*-----$/, '').replace(/^"-----BEGIN.*$/, '');
          assert.ok(rest.length <= 4, `${name} by ${tool}: ${masker.mask(print(value))}`);
        }
      }
    }
  });

  test('of a file is hidden where it is secret, and readable where it is not', async (t) => {
    const files = [
      ...Object.entries(FILES).map(([name, { text, more = {} }]) => ({ name, text, ...more })),
      ...Object.entries(BYTES).map(([name, [bytes]]) => ({ name, base64: bytes.toString('base64') })),
    ];
    const keeper = await openKeeper(t, { holds: [{ title: 'Shop', files }] });
    const lines = files.map(({ name }) => `Shop/file/${name} > file:$(Agent.TempDirectory)/${name}`);
    const run = await runWithKeeper(t, { keeper, secrets: lines });
    assert.equal(run.result, 'Succeeded');
    const masker = maskerOf(run);
    for (const [name, { secrets, readable }] of Object.entries(FILES)) {
      for (const secret of secrets) assert.match(leftOf(masker, secret).join(), LAST, `${name}: ${secret}`);
      for (const text of readable) assert.equal(masker.mask(text), text, name);
    }
    for (const [name, [, secret]] of Object.entries(BYTES)) assert.equal(masker.mask(secret), '***', name);
  });

  test('of attachments in usual syntaxes is hidden where it is secret, line by line', async (t) => {
    for (let from = 0; from < CORPUS.length; from += 15) {
      const entries = CORPUS.slice(from, from + 15);
      const files = entries.map(({ text }, index) => ({ name: `${index}.txt`, text }));
      const keeper = await openKeeper(t, { holds: [{ title: 'Shop', files }] });
      const lines = files.map(({ name }) => `Shop/file/${name} > file:$(Agent.TempDirectory)/${name}`);
      const run = await runWithKeeper(t, { keeper, secrets: lines });
      assert.equal(run.result, 'Succeeded');
      assert.deepEqual(warningsOf(run), []);
      const masker = maskerOf(run);
      for (const { name, marked, printed } of entries) {
        // A text of one line is masked as a whole.
        const sure = marked.filter((line) => marked.length > 1 && !line.includes('‹'));
        for (const line of sure) {
          const shown = masker.mask(line.replaceAll(/[«»]/g, ''));
          assert.equal(shown, line.replaceAll(/«[^»]*»/g, '***'), name);
        }
        for (const line of printed) assert.equal(masker.mask(line), '***', name);
      }
    }
  });

  test('by the tools of this machine is hidden', { skip }, async (t) => {
    const { special, long } = ONE_LINE;
    const custom = Object.entries({ special, long }).map(([label, value]) => ({
      type: 'secret',
      label,
      value: [value],
    }));
    const keeper = await openKeeper(t, { holds: [{ title: 'Shop', custom }] });
    const lines = ['Shop/custom_field/special > var:SPECIAL', 'Shop/custom_field/long > var:LONG'];
    const masker = maskerOf(await runWithKeeper(t, { keeper, secrets: lines }));
    const script = `
      echo "$SPECIAL"; echo "$LONG" | base64; printf %s "$LONG" | base64
      { set -x; : "$SPECIAL"; set +x; } 2>&1 | tail -n +1
      if command -v openssl > /dev/null; then printf %s "$LONG" | openssl base64; fi
      if command -v python3 > /dev/null; then
        python3 -c 'import html, json, os, urllib.parse as u; s = os.environ["SPECIAL"]
print(json.dumps({"A": s})); print(html.escape(s)); print(u.quote(s)); print(u.quote_plus(s)); print(u.urlencode({"A": s}))'
      fi`;
    const { stdout } = spawnSync('bash', ['-c', script], {
      env: { ...process.env, SPECIAL: special, LONG: long },
      encoding: 'utf8',
    });
    const shown = leftOf(masker, stdout);
    const parts = [special, long, base64(long)].flatMap((text) => text.match(/[A-Za-z0-9+/]{6}/g) ?? []);
    assert.ok(shown.length > 10);
    assert.deepEqual(
      parts.filter((part) => shown.some((line) => line.includes(part))),
      [],
      shown.join('\n'),
    );
  });
});

describe('the budget of masks', () => {
  test('is 1,000 for a step, spent on each value as it is first', async (t) => {
    const values = Array.from({ length: 400 }, (_, index) => letters(`value ${index}`, 20));
    const custom = values.map((value, index) => ({ type: 'secret', label: `f${index}`, value: [value] }));
    const keeper = await openKeeper(t, { holds: [{ title: 'Many', custom }] });
    const lines = values.map((_, index) => `Many/custom_field/f${index} > var:V${index}`);
    const run = await runWithKeeper(t, { keeper, secrets: lines });
    assert.equal(run.masks.length, 1000);
    assert.deepEqual(
      values.filter((value) => !run.masks.includes(value)),
      [],
    );
    const wholes = run.masks.findLastIndex((mask) => values.includes(mask));
    const derived = run.masks.findIndex((mask) =>
      values.some((value) => mask === base64(value).slice(0, 26)),
    );
    assert.ok(wholes < derived, 'a derived form comes before a value');
    const [warning] = warningsOf(run);
    assert.match(
      warning,
      /^a step may register 1,000 masks, and this one needs more: \d+ forms of line \d+, .* and \d+ more are not masked, the values themselves are; spread the lines over several steps$/,
    );
    const table = run.log.filter((line) => /var:V/.test(line));
    assert.match(table[0], / masked$/);
    assert.match(table[399], /masked in 1 of 4 forms$/);
  });

  test('lasts for text attachments', async (t) => {
    const text = (name) =>
      Array.from({ length: 1000 }, (_, n) => `NAME_${n}=${letters(`${name} ${n}`, 50)}`).join('\n');
    const files = ['a', 'b', 'c', 'd'].map((name) => ({ name, text: text(name).slice(0, 65_000) }));
    const keeper = await openKeeper(t, { holds: [{ title: 'Files', files }] });
    const lines = files.map(({ name }) => `Files/file/${name} > file:$(Agent.TempDirectory)/${name}`);
    const run = await runWithKeeper(t, { keeper, secrets: lines });
    assert.equal(run.masks.length, 1000);
  });
});
