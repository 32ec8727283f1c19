// The answer to `get_secret` from a vault, with each key wrapped by its parent:
//
//   app key ─▶ record key ─▶ record data
//           └▶ folder key ─▶ record key      and  record key ─▶ file key ─▶ file metadata, content

import { seal, sealChunks, SEAL_LEN } from './ciphers.js';
import { padToBlock, strangersKey } from './vault.js';

/**
 * The answer as an object, with a null wherever Keeper has one.
 *
 * @param {import('./vault.js').Vault} vault
 * @param {{ requestedRecords?: string[] | null, urlOf: (file: import('./vault.js').VaultFile) => string,
 *           expiresOn?: number, warnings?: string[] | null }} options
 */
export function composeAnswer(vault, { requestedRecords, urlOf, expiresOn = 0, warnings = null }) {
  // A missing filter, null and an empty list all mean everything.
  const asked = requestedRecords?.length ? new Set(requestedRecords) : null;
  const records = vault.records.filter(({ uid }) => !asked || asked.has(uid));
  const placed = (record, parentKey) => recordOnWire(record, parentKey, urlOf);

  const direct = records
    .filter((record) => record.direct)
    .map((record) => placed(record, record.wrappedBy?.key ?? vault.appKey));
  const folders = vault.folders
    // Keeper leaves out folders without a record; one is needed also for its key.
    .filter((folder) => records.some((record) => isIn(record, folder) || record.wrappedBy === folder))
    .map((folder) => ({
      folderUid: folder.uid,
      folderKey: wrap(vault.appKey, folder.key, folder.broken === 'folderKey'),
      data: null,
      parent: null,
      isEditable: true,
      records: records.filter((record) => isIn(record, folder)).map((record) => placed(record, folder.key)),
      ...folder.wire,
    }));

  return {
    appData: appData(vault),
    encryptedAppKey: null,
    appOwnerPublicKey: null,
    folders: orNull([...(vault.strays.folders ?? []), ...folders]),
    records: orNull([...(vault.strays.records ?? []), ...direct]),
    expiresOn,
    warnings,
    extra: null,
    ...vault.wire,
  };
}

const isIn = (record, folder) => record.folders.includes(folder);
const orNull = (list) => (list.length > 0 ? list : null);

/** Unlike other blobs, it comes in URL-safe Base64 without padding. */
function appData({ title, appKey }) {
  const text = Buffer.from(JSON.stringify({ title, type: 'general' }));
  return seal(appKey, padToBlock(text)).toString('base64url');
}

function recordOnWire(record, parentKey, urlOf) {
  const recordKey = wrap(parentKey, record.key, record.broken === 'recordKey');
  return {
    recordUid: record.uid,
    ...(record.broken !== 'noKey' && { recordKey }),
    data: wrap(record.key, record.plaintext, record.broken === 'data'),
    revision: 1,
    isEditable: true,
    files: orNull(record.files.map((file) => fileOnWire(file, record.key, urlOf))),
    folderUid: null,
    innerFolderUid: record.innerFolderUid,
    ...record.wire,
  };
}

function fileOnWire(file, recordKey, urlOf) {
  return {
    fileUid: file.uid,
    fileKey: wrap(recordKey, file.key, file.broken === 'fileKey'),
    data: wrap(file.key, file.metadataText, file.broken === 'metadata'),
    ...(file.broken !== 'noUrl' && { url: urlOf(file) }),
    thumbnailUrl: null,
    ...file.wire,
  };
}

/** Keeper stores ciphertexts, so each thing is encrypted under a key only once. */
const wrapped = new WeakMap();

function wrap(key, plaintext, broken) {
  const underKeys = remember(wrapped, plaintext, () => new WeakMap());
  return remember(underKeys, key, () => seal(broken ? strangersKey() : key, plaintext).toString('base64'));
}

const stored = new WeakMap();

/** Attachments larger than this, in bytes, are encrypted for each download rather than kept in memory. */
const KEPT_SIZE = 8 * 1024 * 1024;

/**
 * An attachment as stored by Keeper.
 *
 * @param {import('./vault.js').VaultFile} file
 * @returns {{ length: number, chunks: Iterable<Buffer> }}
 */
export function storedContent(file) {
  const key = file.broken === 'content' ? strangersKey() : file.key;
  const encrypt = () => sealChunks(key, file.contentNonce, file.chunks());
  const chunks = file.size <= KEPT_SIZE ? remember(stored, file, () => [...encrypt()]) : encrypt();
  return { length: file.size + SEAL_LEN, chunks };
}

/** The cached value for a key, made on first use. */
function remember(kept, key, make) {
  if (!kept.has(key)) kept.set(key, make());
  return kept.get(key);
}
