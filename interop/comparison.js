// Comparison of readings: records with what the vault was made from, answers and codes with this extension's. The
// result is a list of differences, each of which has to be in differences.json.

import { createHash } from 'node:crypto';

/** @typedef {import('./readers.js').Answer} Answer */
/** @typedef {import('./readers.js').Reading} Reading */
/** @typedef {import('../tests/keeper/vault.js').Vault} Vault */

/**
 * One thing that is compared: `who` is an SDK or one of its functions, `what` a record, a notation, a
 * code or a line of a template, as differences.json writes it.
 *
 * @typedef {object} Row
 * @property {'record' | 'code' | 'notation' | 'recorded' | 'template'} kind
 * @property {string} exhibit
 * @property {string} who
 * @property {string} what
 * @property {string} theirs
 * @property {string} ours
 *
 * @typedef {object} Listed why several SDKs, or functions of theirs, each differ in several things
 * @property {'choice' | 'function' | 'fault'} group
 * @property {string} reason
 * @property {string[]} who
 * @property {Record<string, string[]>} what by vault
 */

/**
 * A row for each copy of each record, with what the vault was made from as ours.
 *
 * @param {Vault} vault
 * @param {Reading} reading
 * @returns {{ what: string, theirs: string, ours: string }[]}
 */
export function compareRecords(vault, reading) {
  const copies = vault.records.flatMap((record) => [
    ...(record.direct ? [{ record, folder: null }] : []),
    ...record.folders.map((folder) => ({ record, folder })),
  ]);
  const isOf = (read, { record, folder }) => read.uid === record.uid && read.folder === (folder?.uid ?? null);
  const strangers = reading.records.filter((read) => !copies.some((copy) => isOf(read, copy)));
  return [
    ...copies.map((copy) => ({
      what: copy.folder ? `${copy.record.title} (in ${copy.folder.name})` : copy.record.title,
      theirs: describeRead(reading.records.find((read) => isOf(read, copy))),
      ours: describeMade(copy),
    })),
    ...strangers.map(({ uid }) => ({ what: uid, theirs: 'read', ours: 'not in the vault' })),
  ];
}

/** All that was read of a record as one text, in which an attachment that can't be read counts as missing. */
function describeRead(read) {
  if (!read) return NOT_READ;
  return describe(
    read.data,
    read.files.filter(({ sha256 }) => sha256),
  );
}

/** The same text from what the vault was made from. Nobody can read what is broken. */
function describeMade({ record, folder }) {
  if (record.broken || folder?.broken) return NOT_READ;
  const files = record.files.filter(({ broken }) => !broken);
  return describe(
    JSON.parse(record.plaintext.toString()),
    files.map((file) => ({ ...file, sha256: digest(file.chunks()) })),
  );
}

const NOT_READ = 'not read';

const describe = (data, files) =>
  JSON.stringify({ data, files: files.map(({ uid, name, title, sha256 }) => [uid, name, title, sha256]) });

function digest(chunks) {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

/**
 * The text that an answer becomes in a pipeline: JSON for values that are not text, and an empty text for nothing.
 *
 * @param {Answer} answer
 * @param {{ isList?: boolean, isAttachment?: boolean }} form whether it is a list of texts, in which JSON is spaced as
 *          the SDK likes it; whether texts are Base64 of an attachment
 */
export function textOf(answer, { isList = false, isAttachment = false } = {}) {
  if ('error' in answer) return ERROR;
  if ('base64' in answer) return decode(answer.base64);
  const { value } = answer;
  if (!isList) return isAttachment ? decode(value) : jsonOf(value);
  const texts = value.map(isAttachment ? decode : compact);
  return texts.length < 2 ? wellFormed(texts[0] ?? '') : JSON.stringify(texts);
}

function jsonOf(value) {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? wellFormed(value) : JSON.stringify(value);
}

/** A lone surrogate becomes U+FFFD as soon as a text leaves JavaScript. */
const wellFormed = (value) => Buffer.from(String(value)).toString();

/** An object or a list without spaces between its members. */
function compact(text) {
  try {
    return /^[[{]/.test(text) ? JSON.stringify(JSON.parse(text)) : text;
  } catch {
    return text;
  }
}

/** Errors are compared by their presence, not their wording. */
const ERROR = '✗';

/** Bytes that are not text stay in Base64. */
function decode(base64) {
  const bytes = Buffer.from(base64, 'base64');
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : `base64:${bytes.toString('base64')}`;
}

/**
 * Sorts rows into those that agree, those that differ for a listed reason, and those without an explanation; `stale`
 * are listed differences that do not occur.
 *
 * @param {Row[]} rows
 * @param {Listed[]} list
 */
export function judge(rows, list) {
  const expected = list.flatMap(({ who, what }) =>
    Object.entries(what).flatMap(([exhibit, things]) =>
      who.flatMap((one) => things.map((thing) => ({ who: one, exhibit, what: thing }))),
    ),
  );
  const differing = rows.filter(({ theirs, ours }) => theirs !== ours);
  const isAmong = (others) => {
    const keys = new Set(others.map(keyOf));
    return (row) => keys.has(keyOf(row));
  };
  const [isExpected, isSeen] = [isAmong(expected), isAmong(differing)];
  return {
    explained: differing.filter(isExpected),
    unexplained: differing.filter((row) => !isExpected(row)),
    stale: expected.filter((row) => !isSeen(row)),
  };
}

const keyOf = ({ who, exhibit, what }) => JSON.stringify([who, exhibit, what]);
