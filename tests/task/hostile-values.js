// Values that are hard to keep out of a log, or that try to be more than values there.
//
// Each has unique letters, so that no part of it can be mistaken for anything else.

import { createHash } from 'node:crypto';

/** Unique letters and digits. @param {string} name @param {number} [length] */
export function letters(name, length = 14) {
  let text = '';
  for (let count = 0; text.length < length; count += 1) {
    const digest = createHash('sha512').update(`${name} ${count}`).digest('base64');
    text += digest.replaceAll(/[+/=]/g, '');
  }
  return text.slice(0, length);
}

const of = letters;

/** Of one line, for variables. @type {Record<string, string>} */
export const ONE_LINE = {
  plain: of('plain'),
  shortest: of('shortest', 6),
  percent: `${of('percent')}%${of('percent 2')}%AZP25${of('percent 3')}100%`,
  'escaped line end': `${of('line end')}%0A${of('line end 2')}%0D%0A${of('line end 3')}`,
  semicolon: `${of('semicolon')};${of('semicolon 2')};issecret=false;${of('semicolon 3')}`,
  bracket: `]${of('bracket')}]${of('bracket 2')}[${of('bracket 3')}]`,
  command: `##vso[task.setvariable variable=EVIL]${of('command', 40)}`,
  'command inside': `${of('inside', 40)}###vso[task.complete result=Succeeded;]${of('inside 2', 40)}`,
  'command twice': `##vso[task.setvariable variable=EVIL;issecret=false]##vso[task.debug]${of('twice', 40)}`,
  quotes: `"${of('quotes')}'${of('quotes 2')}\`${of('quotes 3')}"`,
  backslashes: `\\${of('backslashes')}\\n${of('backslashes 2')}\\`,
  macro: `$(${of('macro')})\${${of('macro 2')}}`,
  blanks: `  ${of('blanks')}   ${of('blanks 2')}\t`,
  tab: `\t${of('tab')}\t\t${of('tab 2')}`,
  emoji: `🔑${of('emoji')}👩‍💻${of('emoji 2')}🇦🇶`,
  'right to left': `\u202e${of('right')}\u202cשלום${of('right 2')}\u2067مفتاح\u2069`,
  'line separators': `${of('separators')}\u2028${of('separators 2')}\u2029${of('separators 3')}\u0085`,
  'control characters': `${of('control')}\u001b[2J${of('control 2')}\u0007\u0008${of('control 3')}`,
  'byte order mark': `\ufeff${of('mark')}`,
  json: JSON.stringify({
    [of('key')]: of('json'),
    list: [of('json 2'), { a: 90071992 }],
    b: `"${of('json 3')}`,
  }),
  'json after blanks': `  {"url": "https://user:${of('json url')}@host.test/"}`,
  url: `postgres://user:${of('url')}%40${of('url 2')}@db.test:5432/name?x=${of('url 3')}`,
  seed: `otpauth://totp/x?secret=${of('seed', 60)
    .toUpperCase()
    .replaceAll(/[^A-Z2-7]/g, '')}&issuer=${of('seed 2')}`,
  markup: `<a href="&${of('markup')}">${of('markup 2')}</a> & '${of('markup 3')}'`,
  base64: Buffer.from(of('base64', 40)).toString('base64'),
  '2000 characters': of('2000', 2000),
};

/** Of several lines, for files, or in one of the forms that make one line of them. @type {Record<string, string>} */
export const SEVERAL_LINES = {
  pem: [
    '-----BEGIN PRIVATE KEY-----',
    of('pem', 64),
    of('pem 2', 64),
    of('pem 3', 22),
    '-----END PRIVATE KEY-----',
    '',
  ].join('\n'),
  'line feeds': `\n${of('line')}\n\n  ${of('line 2')}\n${of('line 3', 7)}\n`,
  'returns and line feeds': `${of('crlf')}\r\n${of('crlf 2')}\r\n\r\n${of('crlf 3')}`,
  returns: `${of('return')}\r${of('return 2')}\r`,
  'lines of commands': `${of('commands')}\n##vso[task.setvariable variable=EVIL]${of('commands 2')}\r##vso[task.complete]`,
  'json in lines': JSON.stringify(
    { user: of('lines'), nested: { password: `${of('lines 2')}\n${of('lines 3')}` } },
    null,
    2,
  ),
};

/** Values that no variable can hold. @type {Record<string, string>} */
export const NO_TEXT = {
  nul: `${of('nul')}\0${of('nul 2')}`,
};

/** @type {Record<string, string>} */
export const LARGE = {
  '24 KB': of('24 KB', 24_000),
  '24 KB in lines': of('24 KB in lines', 24_000).replaceAll(/.{100}/g, '$&\n'),
  '200 KB': of('200 KB', 200 * 1024),
};

/** Words of commands, PEM and addresses, which occur in some values but are not secret. */
export const EVERYONES_WORDS = [
  '##vso[task.setvariable variable=EVIL;issecret=false;]##vso[task.debug]##vso[task.complete result=Succeeded;]',
  '##vso[task.setvariable variable=EVIL]##vso[task.complete]##vso[task.setsecret]',
  '-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----',
  '{"url": "https://user:@host.test/"}',
  'postgres://user:@db.test:5432/name?x=',
  'otpauth://totp/x?secret=&issuer=',
];
