// This file is where ASN.1 values are written in DER (ITU-T X.690): just enough of it for certificates
// (RFC 5280) and for private keys (RFC 5208).

/** One value: tag, length, contents. */
export function element(tag, ...contents) {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body), body]);
}

function lengthOf(body) {
  if (body.length < 0x80) return Buffer.from([body.length]);
  const digits = Buffer.from(evenHex(body.length.toString(16)), 'hex');
  return Buffer.concat([Buffer.from([0x80 | digits.length]), digits]);
}

export const sequence = (...members) => element(0x30, ...members);
export const set = (...members) => element(0x31, ...members);
export const octetString = (bytes) => element(0x04, bytes);
export const bitString = (bytes, unusedBits = 0) => element(0x03, Buffer.from([unusedBits]), bytes);
export const utf8String = (text) => element(0x0c, Buffer.from(text));
export const boolean = (value) => element(0x01, Buffer.from([value ? 0xff : 0]));

/** A tag that the enclosing type gives to a member, around that member's own tag. */
export const explicit = (number, value) => element(0xa0 | number, value);

/** A tag that the enclosing type gives to a member, in place of that member's own tag. */
export const implicit = (number, bytes) => element(0x80 | number, bytes);

/** A number that is not negative, given as big-endian bytes. */
export function integer(bytes) {
  // A first bit of one would make it negative.
  const sign = bytes[0] & 0x80 ? Buffer.from([0]) : Buffer.alloc(0);
  return element(0x02, sign, Buffer.from(bytes));
}

/** `1.2.840.10045.2.1` and the like. */
export function objectIdentifier(dotted) {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(number) {
  const digits = [number & 0x7f];
  for (let left = number >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
  return digits;
}

/** A moment before 2050, which RFC 5280 wants written with two digits of the year. */
export function utcTime(date) {
  const text = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  return element(0x17, Buffer.from(text.slice(2)));
}

const evenHex = (hex) => (hex.length % 2 ? `0${hex}` : hex);
