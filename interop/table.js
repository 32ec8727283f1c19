// The comparison as text: the summary that a run ends with, and docs/interop.md.

import { inProject } from '../scripts/paths.js';

/** @typedef {import('./comparison.js').Row} Row */
/** @typedef {import('./comparison.js').Listed} Listed */

const INTRODUCTION = `# Agreement with Keeper's own tools

Three SDKs of Keeper, its command line and the packed task read the same vaults of the embedded Keeper, over HTTPS on
loopback, and the results are compared: \`npm run interop\`, which also writes this page. This way, independent programs
judge the embedded Keeper on which all tests here rely, and the task is compared with the tools that people use instead.

A run fails if there is a difference that \`interop/differences.json\` does not explain, or if a difference that is listed
there does not occur any more.

`;

/** How things are compared, where that is not obvious. */
const RULES = `- **Records**: each copy of each record, in its folder; its JSON whole; the names, titles and UIDs of its attachments and
  the SHA-256 of their contents. The standard is what the vault was made from; nobody should read what is broken.
- **Notations**: the task writes each to a file, whose bytes are compared with the result of a function. Errors are
  compared by their presence, not their wording. Anything but text counts as compact JSON, nothing at all as an empty
  text, Base64 of an attachment as its bytes.
- **Codes**: the two-factor codes that an SDK computes from each URI, and the task's codes in the same half minute.
- **Templates**: \`ksm interpolate\` of the command line fills one template, and the task the same one line by line, as it
  fills all or nothing. Each line is compared byte by byte.
- **Recorded**: what the SDKs returned when the vectors in \`tests/vectors\` were made, on which other tests build, and what
  they return now.

`;

/**
 * @param {Row[]} rows
 * @param {ReturnType<typeof import('./comparison.js').judge>} verdict
 */
export function describeResult(rows, { explained, unexplained, stale }) {
  const lines = groupRows(rows).map(({ who, exhibit, kind, rows }) => {
    const differing = rows.filter(differs).length;
    const agreeing = `${rows.length - differing} of ${rows.length}`.padStart(11);
    return `${who.padEnd(44)}${exhibit.padEnd(13)}${kind.padEnd(10)}${agreeing}`;
  });
  return [
    `${''.padEnd(44)}${'vault'.padEnd(13)}${'what'.padEnd(10)}${'agree'.padStart(11)}`,
    ...lines,
    '',
    ...unexplained.map(({ who, exhibit, what, theirs, ours }) =>
      [
        `UNEXPLAINED: ${who}, ${exhibit}: ${what}`,
        `  theirs: ${brief(theirs)}`,
        `  ours:   ${brief(ours)}`,
      ].join('\n'),
    ),
    ...stale.map(({ who, exhibit, what }) => `LISTED, YET THE SAME: ${who}, ${exhibit}: ${what}`),
    `${rows.length} compared, ${rows.length - explained.length - unexplained.length} the same, ` +
      `${explained.length} differ for a listed reason, ${unexplained.length} for none`,
  ].join('\n');
}

/**
 * @param {object} result
 * @param {import('./readers.js').Reader[]} result.readers
 * @param {Row[]} result.rows
 * @param {Listed[]} result.list
 * @param {import('./vaults.js').Exhibit[]} result.exhibits
 * @returns {Promise<string>}
 */
export async function renderDocument({ readers, rows, list, exhibits }) {
  const { format, resolveConfig } = await import('prettier');
  const differing = rows.filter(differs).length;
  const text = [
    INTRODUCTION,
    `Of ${rows.length} comparisons ${rows.length - differing} agree and ${differing} differ, each for a reason below.\n\n`,
    table(
      ['Tool', 'Version'],
      readers.map(({ name, version }) => [name, version]),
    ),
    '\n## What is read\n\n',
    table(
      ['Vault', 'Holds'],
      [
        ...exhibits.map(({ name, about }) => [name, about]),
        ['templates', 'one record, and lines of templates as people write them for the command line'],
      ],
    ),
    '\n',
    RULES,
    '## What agrees\n\n',
    agreement(rows, [...exhibits, { name: 'templates' }]),
    '\n## What differs, and why\n\n',
    'All of it is in `interop/differences.json`. `{Title}` is the UID of the record with that title.\n\n',
    ...Object.entries(GROUPS).map(([group, heading]) => `### ${heading}\n\n${reasons(list, group)}\n`),
  ].join('');
  return format(text, { ...(await resolveConfig(inProject('docs', 'interop.md'))), parser: 'markdown' });
}

const KINDS = {
  record: 'records',
  code: 'codes',
  notation: 'notations',
  recorded: 'recorded',
  template: 'templates',
};

/** A line for each SDK and function, a column for each vault. */
function agreement(rows, exhibits) {
  const groups = groupRows(rows);
  const titles = [...new Set(groups.map(({ who, kind }) => JSON.stringify([who, kind])))].map((key) =>
    JSON.parse(key),
  );
  const cell = (who, kind, exhibit) => {
    const group = groups.find(
      (other) => other.who === who && other.kind === kind && other.exhibit === exhibit,
    );
    return group ? `${group.rows.filter((row) => !differs(row)).length} of ${group.rows.length}` : '';
  };
  return table(
    ['', '', ...exhibits.map(({ name }) => name)],
    titles.map(([who, kind]) => [who, KINDS[kind], ...exhibits.map(({ name }) => cell(who, kind, name))]),
  );
}

const GROUPS = {
  choice: 'This task chose otherwise',
  function: 'Keeper’s tools differ from each other',
  fault: 'Faults of Keeper’s tools',
};

/** One item for each reason, though several entries may give it. */
function reasons(list, group) {
  const those = list.filter((entry) => entry.group === group);
  return [...new Set(those.map(({ reason }) => reason))]
    .map((reason) => {
      const entries = those.filter((entry) => entry.reason === reason);
      const who = new Set(entries.flatMap((entry) => entry.who));
      const what = [...new Set(entries.flatMap((entry) => Object.values(entry.what).flat()))];
      const [shown, more] = [what.slice(0, SHOWN).map(code), what.length - SHOWN];
      return `- ${reason}\n  ${[...who].join(', ')}: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}\n`;
    })
    .join('');
}

const SHOWN = 4;

function groupRows(rows) {
  const groups = new Map();
  for (const row of rows) {
    const key = JSON.stringify([row.who, row.exhibit, row.kind]);
    const group = groups.get(key) ?? { who: row.who, exhibit: row.exhibit, kind: row.kind, rows: [] };
    group.rows.push(row);
    groups.set(key, group);
  }
  return [...groups.values()];
}

const differs = ({ theirs, ours }) => theirs !== ours;

const brief = (text) => (text.length > 120 ? `${text.slice(0, 120)}…` : text);

function table(head, lines) {
  const row = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [row(head), row(head.map(() => '---')), ...lines.map(row)].join('');
}

/** A text as code, in quotes if a space at either end would not show. */
const code = (text) => (text.trim() === text ? `\`${text}\`` : `\`"${text}"\``);
