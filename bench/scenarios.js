/** Scenarios to measure: what Keeper holds, the mapping lines, and the number of rounds. */

import { join } from 'node:path';

const MiB = 1024 * 1024;

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {object[]} holds the records of the embedded Keeper
 * @property {(keeper: any) => string[]} lines
 * @property {number} rounds
 * @property {number} [latencyMs] of the embedded Keeper
 * @property {('floor' | 'baseline' | 'stream')[]} [against] what is measured besides the task and a bare Node
 */

/**
 * The cases of the first table.
 *
 * @param {string} outputs the folder for files
 * @returns {Scenario[]}
 */
export function cases(outputs) {
  const five = ['login', 'password', 'url', 'email', 'text'];
  const wide = { title: 'Database', fields: five.map((type) => ({ type, value: [`value-of-${type}`] })) };
  const fiveLines = ({ vault }) =>
    five.map((type) => `${vault.recordTitled('Database').uid}/field/${type} > var:${type}`);
  const short = { holds: [wide], lines: fiveLines, against: ['floor', 'baseline'] };
  return [
    { ...short, name: 'five lines, one record', rounds: 41 },
    { ...short, name: 'the same, 50 ms latency', rounds: 21, latencyMs: 50 },
    {
      name: '1,000 records, 50 lines',
      holds: records(1_000),
      lines: () => titleLines(50, 1_000),
      rounds: 21,
      against: ['baseline'],
    },
    {
      name: '10,000 records, 1 line',
      holds: records(10_000),
      lines: () => titleLines(1, 10_000),
      rounds: 5,
      against: ['baseline'],
    },
    {
      name: '20 attachments of 1 MiB, 50 ms latency',
      holds: files(20, MiB),
      lines: () => fileLines(20, outputs),
      rounds: 11,
      latencyMs: 50,
      against: ['baseline'],
    },
    {
      name: 'one attachment of 8 MiB',
      holds: files(1, 8 * MiB),
      lines: () => fileLines(1, outputs),
      rounds: 3,
      against: ['baseline', 'stream'],
    },
    ...[64, 256, 1024].map((size) => ({
      name: `one attachment of ${size.toLocaleString('en')} MiB`,
      holds: files(1, size * MiB),
      lines: () => fileLines(1, outputs),
      rounds: 3,
      against: /** @type {['stream']} */ (['stream']),
    })),
  ];
}

/**
 * Scenarios for the agent's cost of a step, beside the time of the process: values and text attachments.
 *
 * @param {string} outputs the folder for files
 * @returns {Scenario[]}
 */
export function agentCases(outputs) {
  const values = (count) => ({
    name: `${count} values`,
    holds: records(count),
    lines: () => titleLines(count, count),
    rounds: 5,
  });
  const texts = (count) => ({
    name: `${count === 1 ? 'one text attachment' : `${count} text attachments`} of 64 KB`,
    holds: [{ title: 'Files', files: textFiles(count) }],
    lines: () => fileLines(count, outputs, 'env'),
    rounds: 5,
  });
  return [values(5), values(50), values(400), texts(1), texts(8)];
}

/**
 * Scenarios that grow in one dimension at a time.
 *
 * @param {string} outputs the folder for files
 * @returns {{ name: string, sizes: number[], scenario: (size: number) => Scenario & { templates?: string[], template?: string, fails?: boolean } }[]}
 */
export function growths(outputs) {
  return [
    {
      name: 'fields of one record',
      sizes: [500, 5_000, 50_000],
      scenario: (size) => ({
        name: '',
        holds: [{ title: 'Wide', custom: fields(size) }],
        lines: () => [`Wide/custom_field/label ${size - 1} > var:LAST`],
        rounds: 3,
      }),
    },
    {
      name: 'attachments',
      sizes: [10, 100, 500],
      scenario: (size) => ({
        name: '',
        holds: files(size, 1_000),
        lines: () => fileLines(size, outputs),
        rounds: 3,
      }),
    },
    {
      name: 'placeholders of a template',
      sizes: [50, 500, 5_000],
      scenario: (size) => ({
        name: '',
        holds: [{ title: 'Wide', custom: fields(100) }],
        lines: () => [],
        template: Array.from(
          { length: size },
          (_, index) => `${index}=\${keeper://Wide/custom_field/label ${index % 100}}\n`,
        ).join(''),
        rounds: 3,
      }),
    },
    {
      name: 'lines that are wrong',
      sizes: [100, 1_000, 10_000],
      scenario: (size) => ({
        name: '',
        holds: [],
        lines: () => Array.from({ length: size }, (_, index) => `x${index}`),
        rounds: 3,
        fails: true,
      }),
    },
  ];
}

const fields = (count) =>
  Array.from({ length: count }, (_, index) => ({
    type: 'text',
    label: `label ${index}`,
    value: [`value of ${index}`],
  }));

const files = (count, bytes) => [
  { title: 'Files', files: Array.from({ length: count }, (_, index) => ({ name: `${index}.bin`, bytes })) },
];

/** Settings as in dotenv files: a word, a number, a secret. */
const textFiles = (count) =>
  Array.from({ length: count }, (_, file) => ({
    name: `${file}.env`,
    text: Array.from(
      { length: 800 },
      (_, line) =>
        `SETTING_${line}=value ${line}\nPORT_${line}=${line}\nDB_PASSWORD_${line}=s3cr3t-${file}-${line}\n`,
    ).join(''),
  }));

const fileLines = (count, outputs, ending = 'bin') =>
  Array.from(
    { length: count },
    (_, index) => `Files/file/${index}.${ending} > file:${join(outputs, `${index}.${ending}`)}`,
  );

/** Records of about a kilobyte, as most are. */
export const records = (count) =>
  Array.from({ length: count }, (_, index) => ({
    title: `Record ${index}`,
    fields: [
      { type: 'login', value: ['alice'] },
      { type: 'password', value: [`s3cr3t-${index}`] },
      { type: 'multiline', value: [`${index}`.padEnd(600, 'x')] },
    ],
  }));

/** Lines that name records by title, spread over all of them. */
export function titleLines(lines, count) {
  const place = (index) => Math.floor((index * count) / lines);
  return Array.from({ length: lines }, (_, index) => `Record ${place(index)}/field/password > var:P${index}`);
}
