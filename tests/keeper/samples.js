// Vaults that tests and `npm start` share. Every value is invented.

/** @typedef {import('./vault.js').RecordDescription} RecordDescription */

/**
 * A vault with a bit of everything: each standard field type, folders, copies of one record, titles that are hard to
 * write, values that are hard to read, attachments.
 *
 * Every client can read every record of it; what some can't read belongs in a test's own description.
 *
 * @returns {{ records: RecordDescription[], folders: import('./vault.js').FolderDescription[] }}
 */
export function sampleVault() {
  return {
    records: [
      database(),
      buildServer(),
      person(),
      payment(),
      network(),
      privileged(),
      odds(),
      attachments(),
      ...hardTitles(),
      corners(),
      padded(),
    ],
    folders: [{ name: 'Databases' }, { name: 'Build' }, { name: 'Empty' }],
  };
}

/**
 * What the pipeline example in Keeper's documentation of its Azure DevOps extension refers to.
 *
 * @returns {RecordDescription[]}
 */
export function exampleVault(script = '#!/bin/sh\nset -e\necho "packing the extension"\n') {
  return [
    {
      uid: '6ya_fdc6XTsZ7i7x4Jcodg',
      title: 'Build Service',
      type: 'login',
      notes: 'The record that the example pipeline reads.',
      fields: [
        { type: 'login', value: ['build-service'] },
        { type: 'password', value: ['s3cr3t-p4ssw0rd'] },
        { type: 'url', value: ['https://build.example.test'] },
        oneTimeCode('Example:build-service'),
      ],
      custom: [{ type: 'text', label: 'notes', value: ['remember the milk'] }],
      files: [
        {
          name: 'build-vsix.sh',
          type: 'text/x-shellscript',
          text: script,
        },
      ],
      fileRef: true,
    },
  ];
}

/**
 * What the samples of the guide, the README and the Marketplace page refer to.
 *
 * @returns {RecordDescription[]}
 */
export function guideVault() {
  const password = (title, value, uid) => ({ title, uid, fields: [{ type: 'password', value: [value] }] });
  return [
    {
      title: 'Database',
      type: 'databaseCredentials',
      notes: 'rotate in May',
      fields: [
        { type: 'host', value: [{ hostName: 'db.test', port: '5432' }] },
        { type: 'login', value: ['alice'] },
        { type: 'password', value: ['s3cr3t-p4ssw0rd'] },
        { type: 'url', value: ['https://a.example.test', 'https://b.example.test'] },
      ],
      custom: [
        { type: 'text', label: 'API key', value: ['k3y-of-the-api'] },
        {
          type: 'name',
          label: 'owner',
          value: [
            { first: 'Grace', last: 'Hopper' },
            { first: 'Alan', last: 'Turing' },
          ],
        },
      ],
    },
    {
      title: 'Prod TLS',
      notes: '-----BEGIN INVENTED KEY-----\nc2VjcmV0czNjcjN0\n-----END INVENTED KEY-----\n',
      custom: [{ type: 'text', label: 'licence', value: ['AAECAwQFBgf/'] }],
      files: [
        {
          name: 'cert.pem',
          text: '-----BEGIN INVENTED CERTIFICATE-----\naW52ZW50ZWQ=\n-----END INVENTED CERTIFICATE-----\n',
        },
        { name: 'keystore.p12', base64: 'AAECAwQFBgf/' },
      ],
    },
    {
      title: 'Portal',
      fields: [
        { type: 'login', value: ['alice'] },
        { type: 'password', value: ['p0rtal-p4ssw0rd'] },
        {
          type: 'oneTimeCode',
          value: ['otpauth://totp/Portal:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'],
        },
      ],
    },
    {
      title: 'Deploy Key',
      fields: [
        { type: 'keyPair', value: [{ publicKey: 'ssh-ed25519 AAAAinvented', privateKey: inventedKey() }] },
      ],
      custom: [{ type: 'text', label: 'known hosts', value: ['www.example.com ssh-ed25519 AAAAinvented'] }],
    },
    {
      title: 'Registry',
      fields: [
        { type: 'login', value: ['robot'] },
        { type: 'password', value: ['r3gistry-p4ssw0rd'] },
      ],
    },
    password('EU/West', 'w3st-p4ssw0rd'),
    password('Mail', 'first-m4il', 'MailRecordUid000000001'),
    password('Mail', 'second-m4il', 'MailRecordUid000000002'),
  ];
}

/** The secret is the one of RFC 6238's test vectors. */
function oneTimeCode(account, type = 'oneTimeCode') {
  const uri = `otpauth://totp/${account}?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example`;
  return { type, value: [`${uri}&algorithm=SHA1&digits=6&period=30`] };
}

/** In a folder and directly: two copies of one record. */
function database() {
  return {
    title: 'Database',
    type: 'databaseCredentials',
    notes: 'line one\nline two',
    folder: 'Databases',
    alsoDirect: true,
    fields: [
      { type: 'databaseType', value: ['PostgreSQL'] },
      { type: 'host', value: [{ hostName: 'db.example.test', port: '5432' }] },
      { type: 'login', value: ['alice'] },
      { type: 'password', required: true, privacyScreen: false, value: ['s3cr3t p@ss>w0rd'] },
      { type: 'url', value: ['https://a.example.test', 'https://b.example.test'] },
      oneTimeCode('Database:alice'),
    ],
    custom: [
      { type: 'text', label: 'Connection String', value: ['Server=db.example.test;Password="s3cr3t";'] },
      { type: 'text', label: 'Schlüssel ключ 鍵', value: ['Grüße 🔑'] },
      { type: 'secret', label: 'API/Key [prod]', value: ['k-123'] },
      { type: 'text', label: 'back\\slash', value: ['C:\\temp'] },
      { type: 'text', label: 'Many', value: ['one', 'two', 'three'] },
      { type: 'text', label: 'looks like a number', value: ['007'] },
      { type: 'text', label: '', value: ['without a label'] },
    ],
  };
}

/** In two folders, and not directly. */
function buildServer() {
  return {
    title: 'Build Server',
    type: 'serverCredentials',
    folder: ['Build', 'Databases'],
    fields: [
      { type: 'login', value: ['root'] },
      { type: 'keyPair', value: [{ publicKey: 'ssh-ed25519 AAAAinvented', privateKey: inventedKey() }] },
      { type: 'script', value: [{ fileRef: UID_OF_NOTHING, command: 'sh', recordRef: [UID_OF_NOTHING] }] },
      {
        type: 'schedule',
        value: [
          {
            type: 'WEEKLY',
            cron: '0 0 4 ? * 1',
            time: '04:00',
            tz: 'Etc/UTC',
            weekday: 'MONDAY',
            intervalCount: 1,
          },
        ],
      },
    ],
    custom: [],
  };
}

function inventedKey() {
  return ['-----BEGIN INVENTED KEY-----', 'c2VjcmV0', 'czNjcjN0', '-----END INVENTED KEY-----', ''].join(
    '\n',
  );
}

function person() {
  return {
    title: 'Person',
    type: 'contact',
    folder: 'Build',
    fields: [
      {
        type: 'name',
        value: [
          { first: 'Jenny', middle: 'X', last: 'Smith' },
          { first: 'Jo', last: 'Doe' },
        ],
      },
      { type: 'email', value: ['jenny@example.test'] },
      {
        type: 'phone',
        label: 'Work Phone',
        value: [{ region: 'AQ', number: '555-0100', ext: '7', type: 'Work' }],
      },
      {
        type: 'address',
        value: [
          {
            street1: '1 Test Street',
            street2: 'Floor 2',
            city: 'Testing',
            state: 'TS',
            country: 'AQ',
            zip: '00001',
          },
        ],
      },
      { type: 'birthDate', value: [-86400000] },
      { type: 'securityQuestion', value: [{ question: 'First pet?', answer: 'a "quoted" goldfish' }] },
      { type: 'accountNumber', value: ['000123'] },
    ],
  };
}

function payment() {
  return {
    title: 'Payment',
    type: 'bankCard',
    fields: [
      {
        type: 'paymentCard',
        value: [{ cardNumber: '0000111122223333', cardExpirationDate: '01/2099', cardSecurityCode: '007' }],
      },
      {
        type: 'bankAccount',
        value: [
          { accountType: 'Other', routingNumber: '000000001', accountNumber: '0002', otherType: 'Toy' },
        ],
      },
      { type: 'pinCode', value: ['0420'] },
      { type: 'cardRef', value: [UID_OF_NOTHING] },
      { type: 'addressRef', value: [UID_OF_NOTHING] },
      { type: 'expirationDate', value: [4102444800000] },
    ],
  };
}

function network() {
  return {
    title: 'Network',
    type: 'wifiCredentials',
    fields: [
      { type: 'text', label: 'SSID', value: ['Test Net'] },
      { type: 'isSSIDHidden', value: [true] },
      { type: 'wifiEncryption', value: ['WPA3'] },
      { type: 'dropdown', label: 'Band', value: ['5 GHz'] },
      { type: 'checkbox', label: 'Guest', value: [false] },
    ],
  };
}

function privileged() {
  return {
    title: 'Machine',
    type: 'pamMachine',
    innerFolderUid: UID_OF_NOTHING,
    folder: 'Build',
    fields: [
      { type: 'pamHostname', value: [{ hostName: '192.0.2.7', port: '22' }] },
      { type: 'directoryType', value: ['Active Directory'] },
      { type: 'trafficEncryptionSeed', value: ['aW52ZW50ZWQ='] },
      { type: 'rbiUrl', value: ['https://intranet.example.test'] },
      {
        type: 'pamResources',
        value: [
          {
            controllerUid: UID_OF_NOTHING,
            folderUid: UID_OF_NOTHING,
            resourceRef: [UID_OF_NOTHING],
            allowedSettings: { connections: true, rotation: false },
          },
        ],
      },
      {
        type: 'pamSettings',
        value: [
          {
            portForward: { reusePort: true, port: '2222' },
            connection: {
              protocol: 'ssh',
              userRecords: [UID_OF_NOTHING],
              security: 'any',
              ignoreCert: false,
              resizeMethod: 'display-update',
              colorScheme: 'gray-black',
            },
          },
        ],
      },
      {
        type: 'pamRemoteBrowserSettings',
        value: [
          {
            connection: {
              protocol: 'http',
              userRecords: [],
              allowUrlManipulation: false,
              allowedUrlPatterns: '*.example.test',
              allowedResourceUrlPatterns: '',
              httpCredentialsUid: UID_OF_NOTHING,
              autofillConfiguration: '[]',
            },
          },
        ],
      },
    ],
  };
}

function odds() {
  return {
    title: 'Odds and Ends',
    type: 'a type of our own',
    fields: [
      oneTimeCode('Odds', 'otp'),
      { type: 'date', label: 'Since', value: [1700000000000] },
      { type: 'licenseNumber', value: ['0001-TEST'] },
      { type: 'secret', value: ['s3cr3t'] },
      { type: 'note', value: ['first\nsecond\n\nfourth'] },
      { type: 'multiline', value: ['tab\tand\r\nCRLF'] },
      { type: 'recordRef', value: [UID_OF_NOTHING] },
      {
        type: 'appFiller',
        value: [{ applicationTitle: 'Test', contentFilter: '*', macroSequence: '{LOGIN}{TAB}{PASSWORD}' }],
      },
      {
        type: 'passkey',
        value: [
          {
            privateKey: {
              crv: 'P-256',
              d: 'invented',
              ext: true,
              key_ops: ['sign'],
              kty: 'EC',
              x: 'invented',
              y: 'invented',
            },
            credentialId: 'invented',
            signCount: 0,
            userId: 'invented',
            relyingParty: 'example.test',
            username: 'alice',
            createdDate: 1700000000000,
          },
        ],
      },
      { type: 'a field type of our own', value: [{ with: { nested: [1, 2.5, null, 'three'] } }] },
    ],
  };
}

function attachments() {
  return {
    title: 'Attachments',
    type: 'file',
    fileRef: true,
    fields: [],
    files: [
      { name: 'app config.json', title: 'Configuration', type: 'application/json', text: '{"a":"s3cr3t"}' },
      { name: 'key.bin', type: 'application/octet-stream', base64: 'AAEC/f7/DQoK' },
      { name: 'empty.txt', text: '' },
      { name: 'Überblick [1].txt', text: 'Grüße\r\n', noSize: true, lastModified: 1700000000000.5 },
      { name: 'large.bin', bytes: 300_000 },
      { name: 'twin.txt', title: 'first', text: 'A' },
      { name: 'twin.txt', title: 'second', text: 'B' },
    ],
  };
}

function hardTitles() {
  const titled = (title, password) => ({ title, fields: [{ type: 'password', value: [password] }] });
  return [
    titled('Prod [A/B] \\ DB', 'escaped'),
    titled('Zürich ключ 鍵 🔑', 'пароль'),
    titled(' Blanks Around ', 'blank'),
    titled('# Not a Comment', 'hash'),
    titled('a > var:b', 'arrow'),
    // As long as a UID and of its alphabet, yet a title.
    titled('AAAAAAAAAAAAAAAAAAAAAA', 'not a UID'),
    titled('Twin', 'the first'),
    titled('Twin', 'the second'),
  ];
}

function corners() {
  return {
    title: 'Corners',
    type: 'encryptedNotes',
    notes: '',
    fields: [
      { type: 'login', value: [] },
      { type: 'password', value: [''] },
      { type: 'text', label: 'Nothing', value: [null] },
      { type: 'date', value: [0] },
      { type: 'multiline', label: 'Some Nothing', value: ['a', null, 'c'] },
    ],
    custom: [{ type: 'text', label: 'Empty', value: [] }],
  };
}

function padded() {
  return { title: 'Padded', padded: true, fields: [{ type: 'login', value: ['bob'] }] };
}

/** Where a field refers to another record, none is meant. */
const UID_OF_NOTHING = 'ZZZZZZZZZZZZZZZZZZZZZZ';
