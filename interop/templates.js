// Templates as people write them for `ksm interpolate` of Keeper's command line, filled by it and by this extension.
//
// Each line is compared: what the command line makes of it in one file of them all, and what the task makes of it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../scripts/failure.js';
import { inProject } from '../scripts/paths.js';
import { runTask } from '../tests/agent/agent.js';

/** @typedef {import('./comparison.js').Row} Row */
/** @typedef {import('./readers.js').CommandLine} CommandLine */

const seed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

/** The vault that the templates refer to. */
export const templateVault = () => [
  {
    title: 'Database',
    type: 'databaseCredentials',
    notes: 'rotate-in-May',
    fields: [
      { type: 'host', value: [{ hostName: 'db.test', port: '5432' }] },
      { type: 'login', value: ['alice'] },
      { type: 'password', value: ['S3cr3t-p4ssw0rd/+='] },
      { type: 'url', value: ['https://a.example.test', 'https://b.example.test'] },
      { type: 'email', value: [] },
      { type: 'oneTimeCode', value: [`otpauth://totp/Database:alice?secret=${seed}`] },
    ],
    custom: [
      { type: 'text', label: 'key', value: ['k3y-of-the-api'] },
      { type: 'text', label: 'Größe', value: ['Über-Größe'] },
      { type: 'text', label: 'padded', value: ['  padded-v4lue '] },
      { type: 'text', label: 'metacharacters', value: ['a;b|c&d'] },
      { type: 'multiline', label: 'lines', value: ['first-line\nsecond-line'] },
      { type: 'date', label: 'since', value: [1700000000000] },
      { type: 'checkbox', label: 'flag', value: [true] },
    ],
  },
];

/** @param {string} uid of the record */
const templateLines = (uid) => [
  'nothing to fill in here',
  'PASSWORD=keeper://Database/field/password',
  `LOGIN=keeper://${uid}/field/login`,
  '"login": "keeper://Database/field/login",',
  "login: 'keeper://Database/field/login'",
  '  indented: keeper://Database/field/login  ',
  'KEY=keeper://Database/custom_field/key',
  'TWO=keeper://Database/field/login keeper://Database/custom_field/key',
  'PAIR=keeper://Database/field/login:keeper://Database/custom_field/key',
  'ADDRESS=keeper://Database/field/login@db.test',
  'HOST=keeper://Database/field/host[hostName]',
  'PORT=keeper://Database/field/host[0][port]',
  'SECOND=keeper://Database/field/url[1]',
  'WHOLE=keeper://Database/field/host',
  'SINCE=keeper://Database/custom_field/since',
  'FLAG=keeper://Database/custom_field/flag',
  'SIZE=keeper://Database/custom_field/Größe',
  'EMPTY=keeper://Database/field/email',
  'CODE=keeper://Database/field/oneTimeCode',
  'TITLE=keeper://Database/title',
  'FALLBACK=keeper://Database/field/nothing:-fallback',
  'FALLBACK=keeper://Nobody/field/password:-fallback',
  'FALLBACK=keeper://Database/field/login:-fallback',
  'FALLBACK=keeper://Database/field/nothing:-Fallback|upper',
  ...['base64', 'base64url', 'urlencode', 'urlencodeplus', 'upper', 'lower', 'trim', 'sha256', 'md5'].flatMap(
    (transform) => [
      `${transform}=keeper://Database/field/password|${transform}`,
      `${transform}=keeper://Database/custom_field/Größe|${transform}`,
      `${transform}=keeper://Database/custom_field/padded|${transform}`,
    ],
  ),
  '# keeper://Database/field/password',
  '   # keeper://Database/field/nothing',
  'LOGIN=keeper://Database/field/login # keeper://Database/custom_field/key',
  'LOGIN=keeper://Database/field/login#keeper',
  'MISSING=keeper://Database/field/nothing',
  'MISSING=keeper://Nobody/field/password',
  'SHELL=keeper://Database/custom_field/metacharacters',
  'LINES=keeper://Database/custom_field/lines',
  'keeper://Database',
  'keeper://Database/field',
  'KEEPER://Database/field/login',
  '${keeper://Database/field/login}',
];

/**
 * Fills every line with both, and compares the results.
 *
 * @param {CommandLine} commandLine
 * @param {{ keeper: Awaited<ReturnType<typeof import('../tests/keeper/server.js').startKeeper>>, caPath: string,
 *          taskFolder: string }} shown
 * @returns {Promise<Row[]>}
 */
export async function fillTemplates(commandLine, { keeper, caPath, taskFolder }) {
  const lines = templateLines(keeper.vault.recordTitled('Database').uid);
  const readable = templateLines('{Database}');
  const theirs = (await commandLine.interpolate({ keeper, caPath }, lines.join('\n'))).split('\n');
  const ours = await fillByTask(lines, { keeper, caPath, taskFolder });
  if (theirs.length !== lines.length) throw new Failure('the command line made more lines than there were');
  return lines.map((_, index) => ({
    kind: 'template',
    exhibit: 'templates',
    who: commandLine.name,
    what: readable[index],
    theirs: theirs[index],
    ours: ours[index],
  }));
}

/** Fills one template for each line, as the task fills all or none; what it refuses is an error. */
async function fillByTask(lines, { keeper, caPath, taskFolder }) {
  const folder = mkdtempSync(join(tmpdir(), 'ksm-interop-'));
  const isRefused = new Set();
  try {
    lines.forEach((line, index) => writeFileSync(join(folder, `${index}.in`), line));
    for (;;) {
      const asked = [...lines.keys()].filter((index) => !isRefused.has(index));
      const run = await runTask({
        taskFolder,
        sourcesFolder: folder,
        nodeArguments: ['--require', inProject('tests', 'task', 'fixed-clock.cjs')],
        secretVariables: { secret_config: keeper.configBase64 },
        inputs: {
          keepersecretconfig: '$(secret_config)',
          templates: asked.map((index) => `${index}.in > ${index}.out`).join('\n'),
        },
        environment: {
          NODE_EXTRA_CA_CERTS: caPath,
          FIXED_CLOCK: new Date(0).toISOString(),
          NO_PROXY: 'localhost',
        },
      });
      if (run.result !== 'Failed') {
        return lines.map((_, index) => (isRefused.has(index) ? '✗' : read(folder, index)));
      }
      // A default that is used draws a warning.
      const errors = run.issues.filter(({ type }) => type === 'error');
      const faulty = errors.flatMap(({ message }) => /^(\d+)\.in, line 1\b/.exec(message)?.[1] ?? []);
      if (faulty.length === 0) throw new Failure(`the task failed:\n${run.log.join('\n')}`);
      faulty.forEach((index) => isRefused.add(Number(index)));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const read = (folder, index) => readFileSync(join(folder, `${index}.out`), 'utf8');
