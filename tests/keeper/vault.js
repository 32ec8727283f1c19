// A vault made of a readable description of "what Keeper holds": UIDs, keys and plaintexts, nothing encrypted yet. The same description and seed give the same UIDs and keys.

import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { KEY_LEN, NONCE_LEN } from './ciphers.js';

/**
 * @typedef {object} RecordDescription
 * @property {string} title
 * @property {string} [type] the record type, else `login`
 * @property {string} [uid] else derived from the title
 * @property {string} [notes]
 * @property {object[] | null} [fields] standard fields, `{ type, label?, value: [] }`
 * @property {object[]} [custom] without it the record's JSON has no such member
 * @property {FileDescription[]} [files] attachments
 * @property {boolean} [fileRef] whether a field of that type lists the attachments' UIDs
 * @property {string | string[]} [folder] titles of the shared folders that hold it, else it is shared directly
 * @property {boolean} [alsoDirect] whether it is also shared directly
 * @property {string} [wrappedByFolderKey] the folder whose key wraps the key of this direct record
 * @property {string} [innerFolderUid] the sub-folder that holds it inside the shared folder
 * @property {boolean} [padded] whether spaces pad its JSON to a block, as with some clients
 * @property {string} [raw] its exact plaintext, in place of JSON
 * @property {string} [rawBase64] the same where it is not text
 * @property {'recordKey' | 'data' | 'json' | 'noKey'} [broken] what a client can't read of it
 * @property {Record<string, unknown>} [wire] members of the answer's record, whatever they are
 *
 * @typedef {object} FileDescription
 * @property {string} name
 * @property {string} [title] else the name
 * @property {string} [uid]
 * @property {string} [type] the MIME type
 * @property {string} [text] the content, one of these three
 * @property {string} [base64]
 * @property {number} [bytes] that many bytes which look random and are made when they are sent
 * @property {number} [declaredSize] in place of the true size
 * @property {boolean} [noSize] whether the metadata leave out the size
 * @property {number} [lastModified] epoch milliseconds
 * @property {string} [raw] the exact plaintext of its metadata, in place of JSON
 * @property {'fileKey' | 'metadata' | 'content' | 'noUrl'} [broken]
 * @property {Record<string, unknown>} [wire] members of the answer's attachment, whatever they are
 *
 * @typedef {{ name: string, uid?: string, broken?: 'folderKey', wire?: Record<string, unknown> }} FolderDescription
 *
 * @typedef {object} VaultDescription
 * @property {RecordDescription[]} records
 * @property {FolderDescription[]} [folders]
 * @property {{ records?: unknown[], folders?: unknown[] }} [strays] what comes first in the answer's lists, whatever it is
 * @property {Record<string, unknown>} [wire] members of the answer, whatever they are
 *
 * @typedef {RecordDescription[] | VaultDescription} Description
 *
 * @typedef {ReturnType<typeof createVault>} Vault
 * @typedef {ReturnType<typeof createRecord>} VaultRecord
 * @typedef {ReturnType<typeof createFile>} VaultFile
 * @typedef {ReturnType<typeof createFolder>} VaultFolder
 */

/**
 * @param {Description} description
 * @param {{ seed?: string }} [options]
 */
export function createVault(description, { seed = 'embedded Keeper' } = {}) {
  const described = /** @type {VaultDescription} */ (
    Array.isArray(description) ? { records: description } : description
  );
  const derivation = deriveFrom(seed);

  const folders = folderDescriptions(described).map((folder) => createFolder(folder, derivation));
  const folderNamed = (name) => folders.find((folder) => folder.name === name);
  const records = described.records.map((record) => createRecord(record, folderNamed, derivation));
  const files = new Map(records.flatMap((record) => record.files.map((file) => [file.uid, file])));

  return {
    title: 'Embedded Keeper',
    appKey: derivation.bytes('app key', KEY_LEN),
    folders,
    records,
    strays: described.strays ?? {},
    wire: described.wire ?? {},
    /** @param {string} uid */
    fileWithUid: (uid) => files.get(uid),
    /** @param {string} title */
    recordTitled: (title) => records.find((record) => record.title === title),
  };
}

/**
 * Folders that are described, then those that only records name.
 *
 * @param {VaultDescription} described
 * @returns {FolderDescription[]}
 */
function folderDescriptions({ records, folders = [] }) {
  const described = new Set(folders.map(({ name }) => name));
  const named = new Set(
    records.flatMap((record) => [...placesOf(record), record.wrappedByFolderKey ?? []].flat()),
  );
  return [...folders, ...[...named].filter((name) => !described.has(name)).map((name) => ({ name }))];
}

/** @param {RecordDescription} description */
const placesOf = ({ folder = [] }) => [folder].flat();

/** @param {FolderDescription} description */
function createFolder(description, derivation) {
  refuseUnknown(description, ['name', 'uid', 'broken', 'wire'], `folder \`${description.name}\``);
  const uid = description.uid ?? derivation.uid(`folder ${description.name}`);
  return {
    uid,
    name: description.name,
    key: derivation.bytes(`folder key ${uid}`, KEY_LEN),
    broken: description.broken,
    wire: description.wire,
  };
}

/** @param {RecordDescription} description */
function createRecord(description, folderNamed, derivation) {
  refuseUnknown(description, RECORD_MEMBERS, `record \`${description.title}\``);
  const uid = description.uid ?? derivation.uid(`record ${description.title}`);
  const files = (description.files ?? []).map((file) => createFile(file, uid, derivation));
  const data = dataOf(description, files);
  const folders = placesOf(description).map(folderNamed);
  const wrappedBy = folderNamed(description.wrappedByFolderKey);

  return {
    uid,
    title: description.title,
    key: derivation.bytes(`record key ${uid}`, KEY_LEN),
    data,
    plaintext: plaintextOf(description, data),
    files,
    /** The shared folders that hold a copy of it. */
    folders,
    /** Whether a copy is shared with the application itself. */
    direct: folders.length === 0 || description.alsoDirect === true,
    /** The folder whose key, rather than the app key, wraps the key of the direct copy. */
    wrappedBy,
    innerFolderUid: description.innerFolderUid ?? wrappedBy?.uid ?? null,
    broken: description.broken,
    wire: description.wire,
  };
}

/** @param {RecordDescription} description */
function dataOf({ title, type = 'login', notes, fields = [], custom, fileRef }, files) {
  const reference = { type: 'fileRef', value: files.map(({ uid }) => uid) };
  return {
    title,
    type,
    ...(notes !== undefined && { notes }),
    fields: fileRef ? [...(fields ?? []), reference] : fields,
    ...(custom !== undefined && { custom }),
  };
}

/** @param {RecordDescription} description */
function plaintextOf({ raw, rawBase64, padded, broken }, data) {
  if (rawBase64 !== undefined) return Buffer.from(rawBase64, 'base64');
  const text = Buffer.from(raw ?? JSON.stringify(data));
  if (broken === 'json') return text.subarray(0, text.length >> 1);
  return padded ? padToBlock(text) : text;
}

/** Pads with spaces to a multiple of 384 bytes, which is harmless after JSON. */
export function padToBlock(text) {
  const length = Math.ceil(text.length / PADDED_BLOCK_LEN) * PADDED_BLOCK_LEN;
  return Buffer.concat([text, Buffer.alloc(length - text.length, ' ')]);
}

const PADDED_BLOCK_LEN = 384;

/** @param {FileDescription} description */
function createFile(description, recordUid, derivation) {
  refuseUnknown(description, FILE_MEMBERS, `file \`${description.name}\``);
  const uid = description.uid ?? derivation.uid(`file ${description.name} of ${recordUid}`);
  const content = contentOf(description, derivation.bytes(`content ${uid}`, KEY_LEN));
  const metadata = metadataOf(description, content.size);

  return {
    uid,
    name: description.name,
    title: description.title ?? description.name,
    key: derivation.bytes(`file key ${uid}`, KEY_LEN),
    /** The stored content is encrypted once, so each download of a file gives the same bytes. */
    contentNonce: derivation.bytes(`content nonce ${uid}`, NONCE_LEN),
    metadata,
    metadataText: Buffer.from(description.raw ?? JSON.stringify(metadata)),
    size: content.size,
    /** The plaintext in pieces; can be called repeatedly. */
    chunks: content.chunks,
    broken: description.broken,
    wire: description.wire,
  };
}

/** @param {FileDescription} description */
function metadataOf({ name, title = name, type, declaredSize, noSize, lastModified = SOME_TIME }, size) {
  return {
    name,
    title,
    ...(noSize ? {} : { size: declaredSize ?? size }),
    ...(type !== undefined && { type }),
    lastModified,
  };
}

const SOME_TIME = 1700000000000;

/**
 * @param {FileDescription} description
 * @returns {{ size: number, chunks: () => Iterable<Buffer> }}
 */
function contentOf({ text, base64, bytes }, key) {
  if (bytes !== undefined) return { size: bytes, chunks: () => endlessLooking(key, bytes) };
  const content = base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64');
  return { size: content.length, chunks: () => [content] };
}

/** A key stream: reproducible, incompressible, and no two of its blocks are alike. */
function* endlessLooking(key, size) {
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  for (let left = size; left > 0; left -= CHUNK_LEN) {
    yield cipher.update(ZEROS.subarray(0, Math.min(left, CHUNK_LEN)));
  }
}

const CHUNK_LEN = 256 * 1024;
const ZEROS = Buffer.alloc(CHUNK_LEN);

/** Derives keys and UIDs from a seed. A repeated label, such as an equal title, gives another UID. */
function deriveFrom(seed) {
  const seen = new Map();
  const bytes = (label, length) =>
    createHash('sha256').update(`${seed}: ${label}`).digest().subarray(0, length);

  return {
    bytes,
    uid(label) {
      const times = (seen.get(label) ?? 0) + 1;
      seen.set(label, times);
      return uidOf(bytes(times === 1 ? label : `${label} #${times}`, UID_LEN));
    },
  };
}

/** Avoids a leading `-` as Keeper's generators do, since command lines take it for an option. */
function uidOf(bytes) {
  const uid = Buffer.from(bytes);
  if (uid[0] >> 3 === 0b11111) uid[0] &= 0x7f;
  return uid.toString('base64url');
}

const UID_LEN = 16;

/** A key that nobody has, to make things unreadable. */
export const strangersKey = () => randomBytes(KEY_LEN);

/** A typo in a test's description must not pass for "Keeper does not hold that". */
function refuseUnknown(description, known, what) {
  const unknown = Object.keys(description).filter((member) => !known.includes(member));
  if (unknown.length > 0) throw new Error(`${what}: unknown \`${unknown.join('`, `')}\` in its description`);
}

const RECORD_MEMBERS = [
  ...['title', 'type', 'uid', 'notes', 'fields', 'custom', 'files', 'fileRef', 'folder', 'alsoDirect'],
  ...['wrappedByFolderKey', 'innerFolderUid', 'padded', 'raw', 'rawBase64', 'broken', 'wire'],
];

const FILE_MEMBERS = [
  ...['name', 'title', 'uid', 'type', 'text', 'base64', 'bytes'],
  ...['declaredSize', 'noSize', 'lastModified', 'raw', 'broken', 'wire'],
];
