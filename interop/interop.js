// Keeper's own SDKs and command line beside this extension: what they read of the same vaults of the embedded Keeper, and
// what they make of the same templates. `npm run interop` writes docs/interop.md; `-- --check` only compares with it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure, runWhenCalled } from '../scripts/failure.js';
import { packageExtension } from '../scripts/package.js';
import { inProject, readJson } from '../scripts/paths.js';
import { step } from '../scripts/progress.js';
import { unpackExtension } from '../scripts/unpack.js';
import { makeCertificates } from '../tests/keeper/certificates.js';
import { startKeeper } from '../tests/keeper/server.js';
import { compareRecords, judge, textOf } from './comparison.js';
import { prepareCommandLine, prepareReaders, readWithTask } from './readers.js';
import { describeResult, renderDocument } from './table.js';
import { fillTemplates, templateVault } from './templates.js';
import { TWO_FACTOR_TYPES, exhibits } from './vaults.js';

/** @typedef {import('./comparison.js').Row} Row */

const DOCUMENT = inProject('docs', 'interop.md');
/** Turns throttling off, as the comparison sends more requests than Keeper would allow. */
const NEVER = { requests: Infinity };

async function interop({ check }) {
  await packageExtension();
  const readers = await prepareReaders();
  const commandLine = await prepareCommandLine();
  const rows = await readEverything(readers, commandLine);
  const list = readJson(inProject('interop', 'differences.json'));
  const verdict = judge(rows, list);
  console.log(`\n${describeResult(rows, verdict)}`);
  if (verdict.unexplained.length + verdict.stale.length > 0) {
    throw new Failure(
      `unexplained: ${verdict.unexplained.length}; listed, yet not seen: ${verdict.stale.length}`,
      'find out who is right; what has a reason and is no fault of ours belongs in interop/differences.json',
    );
  }
  const document = await renderDocument({
    readers: [...readers, commandLine],
    rows,
    list,
    exhibits: exhibits(),
  });
  if (!check) {
    writeFileSync(DOCUMENT, document);
  } else if (readFileSync(DOCUMENT, 'utf8').replaceAll('\r\n', '\n') !== document) {
    throw new Failure('docs/interop.md says something else', 'npm run interop');
  }
}

/**
 * @param {import('./readers.js').Reader[]} readers
 * @param {import('./readers.js').CommandLine} commandLine
 */
async function readEverything(readers, commandLine) {
  const taskFolder = await unpackExtension();
  const folder = mkdtempSync(join(tmpdir(), 'ksm-interop-'));
  try {
    const certificates = await makeCertificates();
    const caPath = join(folder, 'ca.pem');
    writeFileSync(caPath, certificates.caPem);
    const rows = [];
    for (const exhibit of exhibits()) {
      const read = () => readExhibit(exhibit, readers, { taskFolder, certificates, caPath });
      rows.push(...(await step(`Read the vault “${exhibit.name}”`, read)));
    }
    const fill = () => fillWithBoth(commandLine, { taskFolder, certificates, caPath });
    rows.push(...(await step('Fill templates', fill)));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(dirname(taskFolder), { recursive: true, force: true });
  }
}

async function fillWithBoth(commandLine, { taskFolder, certificates, caPath }) {
  const keeper = await startKeeper({ holds: templateVault(), certificates, throttle: NEVER });
  try {
    return await fillTemplates(commandLine, { keeper, caPath, taskFolder });
  } finally {
    await keeper.close();
  }
}

/**
 * Has every reader read a vault, and compares what they read.
 *
 * @param {import('./vaults.js').Exhibit} exhibit
 * @param {import('./readers.js').Reader[]} readers
 * @returns {Promise<Row[]>}
 */
async function readExhibit(exhibit, readers, { taskFolder, certificates, caPath }) {
  const keeper = await startKeeper({ holds: exhibit.holds, certificates, throttle: NEVER });
  try {
    const notations = exhibit.notations(keeper.vault);
    const codes = codesIn(keeper.vault);
    const readOurs = (asked, nowMs) => readWithTask(taskFolder, { keeper, caPath, notations: asked }, nowMs);
    const ours = (await readOurs(notations, 0)).map((answer) => textOf(answer));
    /** @type {Row[]} */
    const rows = [];
    for (const { name, functions, read } of readers) {
      const add = (kind, who, more) =>
        rows.push(...more.map((row) => ({ kind, exhibit: exhibit.name, who, ...row })));
      const reading = await read({ keeper, caPath, notations, codes: codes.map(({ uri }) => uri) });
      if (reading.failed) console.log(`  ${name}: ${reading.failed}`);

      add('record', name, compareRecords(keeper.vault, reading));
      add('code', name, await compareCodes(codes, reading.codes, readOurs, keeper.vault));
      for (const [called, recordedAs] of Object.entries(functions)) {
        const theirs = notations.map((notation, index) =>
          textOf(reading.answers[called][index], formOf(called, notation)),
        );
        const what = notations.map((notation) => readable(notation, keeper.vault));
        const compare = (texts) =>
          what.map((what, index) => ({ what, theirs: theirs[index], ours: texts[index] }));
        add('notation', `${name} ${called}`, compare(ours));
        add(
          'recorded',
          `${name} ${called}, as recorded`,
          compare(recorded(exhibit, called, recordedAs)).filter(({ ours }) => ours !== undefined),
        );
      }
    }
    const refused = keeper.requests.find(({ verified }) => !verified);
    if (refused) throw new Failure(`the embedded Keeper refused ${refused.path}: ${refused.refused}`);
    return rows;
  } finally {
    await keeper.close();
  }
}

/** Whether an answer is a list of texts, and whether it is of an attachment. */
const formOf = (called, notation) => ({
  isList: /results?$/i.test(called),
  isAttachment: /\/file\//i.test(notation),
});

/** What a function returned when the vectors were made, where that can be compared. */
function recorded({ recorded = [] }, called, recordedAs) {
  return recorded.map(({ notation, [recordedAs]: was }) => {
    if (was.err) return textOf({ error: was.err });
    if (was.skipped || was.ok?.__file__) return undefined;
    if (was.ok?.__bytes__) return was.ok.__bytes__;
    return textOf({ value: was.ok === '__undefined__' ? null : was.ok }, formOf(called, notation));
  });
}

/** The two-factor fields: the URI from which an SDK computes a code, and the notation for the task's code. */
function codesIn({ records }) {
  return records.flatMap(({ uid, data }) =>
    (data.fields ?? [])
      .filter(({ type }) => TWO_FACTOR_TYPES.includes(type))
      .map(({ type, label, value }) => ({ uri: value[0], notation: `${uid}/field/${label ?? type}` })),
  );
}

/** Compares an SDK's codes with those of the task in the same half minute. */
async function compareCodes(codes, theirs, readOurs, vault) {
  const notations = codes.map(({ notation }) => notation);
  const ours = new Map();
  for (const since of new Set(theirs.map(({ since }) => since))) {
    ours.set(since, await readOurs(notations, since * 1000));
  }
  return codes.map(({ notation }, index) => ({
    what: `the code of ${readable(notation, vault)}`,
    theirs: theirs[index].code,
    ours: textOf(ours.get(theirs[index].since)[index]),
  }));
}

/** A notation with its record's title in place of the UID, which means nothing to a person. */
function readable(notation, { records }) {
  const record = records.find(
    ({ uid }) => notation.startsWith(`${uid}/`) || notation.startsWith(`keeper://${uid}/`),
  );
  return record ? notation.replace(record.uid, `{${record.title}}`) : notation;
}

await runWhenCalled(import.meta.url, interop, {
  usage: `\
npm run interop              compares the task with Keeper's SDKs and command line, and writes docs/interop.md
npm run interop -- --check   only compares`,
  options: { check: { type: 'boolean' } },
});
