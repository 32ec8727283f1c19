// The vaults that every reader gets, with the notations that it is asked for.

import { readJson, inProject } from '../scripts/paths.js';
import { sampleVault } from '../tests/keeper/samples.js';

/**
 * A vault that readers get, with what they are asked.
 *
 * @typedef {object} Exhibit
 * @property {string} name
 * @property {string} about
 * @property {import('../tests/keeper/vault.js').Description} holds
 * @property {(vault: import('../tests/keeper/vault.js').Vault) => string[]} notations
 * @property {Recorded[]} [recorded] what each function of the SDKs returned when the vectors were made
 *
 * @typedef {Record<string, any> & { notation: string }} Recorded
 */

/** @returns {Exhibit[]} */
export function exhibits() {
  const vectors = readJson(inProject('tests', 'vectors', 'ksm-vectors.json'));
  return [
    {
      name: 'sample',
      about: 'a bit of everything: each field type, folders, copies, difficult titles, attachments, codes',
      holds: { ...sampleVault(), records: [...sampleVault().records, twoFactorCodes()] },
      notations: notationsOfEverything,
    },
    {
      name: 'corpus',
      about: 'the vault of the worked examples in `tests/vectors`, and these examples as notations',
      holds: publishedVault(vectors),
      notations: () => vectors.notation.cases.map(({ notation }) => notation),
      recorded: vectors.notation.cases,
    },
    {
      name: 'damaged',
      about: 'records, folders and attachments with something broken, among intact ones',
      holds: damagedVault(),
      notations: notationsOfEverything,
    },
    {
      name: 'half a JSON',
      about: 'a record whose data is cut off in the middle, beside an intact one',
      holds: [
        { title: 'Whole', fields: [{ type: 'text', value: ['whole'] }] },
        { title: 'Half', fields: [{ type: 'text', value: ['half'] }], broken: 'json' },
      ],
      notations: notationsOfEverything,
    },
    {
      name: 'unexpected',
      about:
        'what other programs write into a record: numbers, half a surrogate pair, a list that is not one, duplicate members',
      holds: unexpectedVault(),
      notations: notationsOfTheUnexpected,
    },
    {
      name: 'a null',
      about: 'a record whose list of attachments contains a `null`, beside an intact one',
      holds: [
        { title: 'Whole', fields: [{ type: 'text', value: ['whole'] }] },
        { title: 'Null', fields: [{ type: 'text', value: ['beside a null'] }], wire: { files: [null] } },
      ],
      notations: notationsOfEverything,
    },
  ];
}

/** Codes with each hash, and with the numbers of digits and periods that are in use. */
function twoFactorCodes() {
  const seed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
  const codes = {
    SHA256: 'algorithm=SHA256',
    SHA512: 'algorithm=SHA512',
    'eight digits': 'digits=8',
    'a minute': 'period=60',
    'nothing said': '',
  };
  return {
    title: 'Two-Factor Codes',
    fields: Object.entries(codes).map(([label, parameters]) => ({
      type: 'oneTimeCode',
      label,
      value: [`otpauth://totp/Example:alice?secret=${seed}&${parameters}`],
    })),
  };
}

/** Every part of each record once, by UID; fields by their type and by their label. */
function notationsOfEverything({ records }) {
  return records.flatMap(({ uid, data, files }) => {
    const names = files.map(({ name }) => name);
    const selectors = data.notes === undefined ? ['title', 'type'] : ['title', 'type', 'notes'];
    return [
      ...selectors.map((selector) => `${uid}/${selector}`),
      ...fieldNotations(`${uid}/field`, data.fields),
      ...fieldNotations(`${uid}/custom_field`, data.custom ?? []),
      ...names.map((name) => `${uid}/file/${escaped(name)}`).filter(isFirst),
    ];
  });
}

export const TWO_FACTOR_TYPES = ['oneTimeCode', 'otp'];

/** Two-factor fields are left out: their values depend on the time, and are compared as codes. */
function fieldNotations(prefix, allFields) {
  const fields = allFields.filter(({ type }) => !TWO_FACTOR_TYPES.includes(type));
  const names = fields.flatMap(({ type, label }) => [type, label]).filter(Boolean);
  return names.filter(isFirst).flatMap((name) => {
    const { value } = fields.find(({ type, label }) => type === name || label === name);
    const notation = `${prefix}/${escaped(name)}`;
    return value.length > 1 ? [notation, `${notation}[]`] : [notation];
  });
}

const isFirst = (text, index, texts) => texts.indexOf(text) === index;
const escaped = (text) => text.replace(/[\\[\]]/g, '\\$&');

/** The vault of the published vectors, described for the embedded Keeper, which encrypts it afresh. */
function publishedVault(vectors) {
  const { records, folders } = vectors.responses.get_secret.plaintext;
  const plaintextOf = (blob) =>
    Buffer.from(vectors.blobs.find(({ name }) => name === blob).plaintextB64, 'base64');
  const placed = [
    ...records.map((record, index) => ({ record, blob: `get_secret.records[${index}]` })),
    ...folders.flatMap((folder, place) =>
      folder.records.map((record, index) => ({
        record,
        folder: folder.folderUid,
        blob: `get_secret.folders[${place}].records[${index}]`,
      })),
    ),
  ];
  const copiesOf = (uid) => placed.filter(({ record }) => record.recordUid === uid);
  const isFirstCopy = ({ record }, index) =>
    index === placed.findIndex((other) => other.record.recordUid === record.recordUid);

  return {
    folders: folders.map(({ folderUid }) => ({ name: folderUid, uid: folderUid })),
    records: placed.filter(isFirstCopy).map(({ record, blob }) => {
      const { recordUid: uid, innerFolderUid, files } = record;
      const copies = copiesOf(uid);
      const raw = plaintextOf(`${blob}.data`).toString();
      const { title, type, notes, fields, custom } = JSON.parse(raw);
      return {
        ...{ uid, title, type, notes, fields, custom, raw },
        innerFolderUid: innerFolderUid ?? undefined,
        folder: copies.map(({ folder }) => folder).filter(Boolean),
        alsoDirect: copies.some(({ folder }) => folder === undefined),
        files: (files ?? []).map(({ fileUid }, index) => {
          const { name, title, type } = JSON.parse(plaintextOf(`${blob}.files[${index}].data`).toString());
          const content = plaintextOf(`download.${name}.${fileUid}`);
          return { uid: fileUid, name, title, type, base64: content.toString('base64') };
        }),
      };
    }),
  };
}

/** Each record is read by all who can; what they make of it is compared. */
function unexpectedVault() {
  const raw = (title, members) => ({
    title,
    raw: `{"title":${JSON.stringify(title)},"type":"login",${members}}`,
  });
  return [
    { title: 'Whole', fields: [{ type: 'text', value: ['whole'] }] },
    raw('Numbers', '"fields":[{"type":"number","value":[1700000000000,1.50,1E5,9007199254740993]}]'),
    { title: '20260615', raw: '{"title":20260615,"type":"login","fields":[{"type":"text","value":["x"]}]}' },
    { title: 'Half a Letter', notes: 'cut \ud83d', fields: [{ type: 'text', value: ['whole'] }] },
    raw(
      'Null among Fields',
      '"fields":[{"type":"text","value":["x"]}],"custom":[null,{"type":"text","label":"key","value":["k"]}]',
    ),
    raw('No List of Fields', '"fields":[{"type":"text","value":["x"]}],"custom":{}'),
    raw('No List of Values', '"fields":[{"type":"text","value":"x"},{"type":"login","value":["alice"]}]'),
    raw('Repeated', '"type":"note","fields":[{"type":"text","value":["a"],"value":["b"]}]'),
    {
      title: 'Labels',
      custom: [
        { type: 'text', label: 'blank ', value: ['x'] },
        { type: 'text', label: 'Gro\u0308\u00dfe', value: ['y'] },
      ],
    },
  ];
}

function notationsOfTheUnexpected(vault) {
  const of = (title, ...selectors) =>
    selectors.map((selector) => `${vault.recordTitled(title).uid}/${selector}`);
  return [
    ...of('Whole', 'field/text'),
    ...of(
      'Numbers',
      'field/number',
      'field/number[1]',
      'field/number[2]',
      'field/number[3]',
      'field/number[]',
    ),
    ...of('20260615', 'title', 'field/text'),
    '20260615/field/text',
    ...of('Half a Letter', 'notes', 'field/text'),
    ...of('Null among Fields', 'field/text', 'custom_field/key'),
    ...of('No List of Fields', 'field/text', 'custom_field/key'),
    ...of('No List of Values', 'field/text', 'field/login'),
    ...of('Repeated', 'type', 'field/text'),
    ...of('Labels', 'custom_field/blank', 'custom_field/blank ', 'custom_field/Größe'),
  ];
}

function damagedVault() {
  const text = (title, more) => ({ title, fields: [{ type: 'text', value: [title] }], ...more });
  const file = (name, more) => ({ name, text: name, ...more });
  return {
    records: [
      text('Whole'),
      text('Key of a Stranger', { broken: 'recordKey' }),
      text('Data of a Stranger', { broken: 'data' }),
      text('Without a Key', { broken: 'noKey' }),
      text('Direct, by its Folder’s Key', { wrappedByFolderKey: 'Folder' }),
      text('Whole, beside a Broken One', { folder: 'Folder' }),
      text('Broken, beside a Whole One', { folder: 'Folder', broken: 'data' }),
      text('Whole, in a Broken Folder', { folder: 'Broken Folder' }),
      text('A Broken Attachment Key', {
        files: [file('whole.txt'), file('broken.txt', { broken: 'fileKey' })],
      }),
      text('Broken Attachment Metadata', {
        files: [file('whole.txt'), file('broken.txt', { broken: 'metadata' })],
      }),
      text('A Broken Attachment Content', {
        files: [file('whole.txt'), file('broken.txt', { broken: 'content' })],
      }),
    ],
    folders: [{ name: 'Folder' }, { name: 'Broken Folder', broken: 'folderKey' }],
  };
}
