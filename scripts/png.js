/**
 * Reads and writes PNG files, as much of the format as the project's pictures need: whole pixels in, few colours out,
 * and a text inside of the file that says what can be seen.
 */

import { deflateSync, inflateSync } from 'node:zlib';
import { Failure } from './failure.js';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const KEYWORD = 'Description';
/** As many as four bits can name. */
const MAX_COLOURS = 16;

/** @typedef {{ width: number, height: number, colours: number[] }} Pixels each colour as 0xRRGGBB, row by row */

/**
 * A picture of `size` by `size` points, each with its colour and how much it covers.
 *
 * @param {number} size
 * @param {(x: number, y: number) => number[]} colourAt red, green, blue and alpha of a point
 */
export function writeWithAlpha(size, colourAt) {
  const rows = Array.from({ length: size }, (_, y) => [
    0,
    ...Array.from({ length: size }, (_, x) => colourAt(x, y)).flat(),
  ]);
  return assemble([
    ['IHDR', header(size, size, 8, 6)],
    ['IDAT', deflateSync(Buffer.from(rows.flat()), { level: 9 })],
  ]);
}

/**
 * The pixels in sixteen colours, which is small and enough for text on one background.
 *
 * @param {Pixels} pixels
 * @param {string} text what can be seen
 */
export function writeInFewColours({ width, height, colours }, text) {
  const palette = choosePalette(colours);
  const indexOf = memoize((colour) => nearest(palette, colour));
  const rowBytes = Math.ceil(width / 2);
  const rows = Buffer.alloc((rowBytes + 1) * height);
  colours.forEach((colour, position) => {
    const [x, y] = [position % width, Math.floor(position / width)];
    rows[y * (rowBytes + 1) + 1 + (x >> 1)] |= indexOf(colour) << (x % 2 === 0 ? 4 : 0);
  });
  const description = Buffer.concat([
    Buffer.from(`${KEYWORD}\0\x01\0\0\0`),
    deflateSync(Buffer.from(text), { level: 9 }),
  ]);
  return assemble([
    ['IHDR', header(width, height, 4, 3)],
    ['iTXt', description],
    ['PLTE', Buffer.from(palette.flatMap(channels))],
    ['IDAT', deflateSync(rows, { level: 9, memLevel: 9 })],
  ]);
}

/** The text inside of such a picture, or nothing. @param {Buffer} png */
export function readText(png) {
  const data = chunksOf(png).find(([type]) => type === 'iTXt')?.[1];
  return data && inflateSync(data.subarray(KEYWORD.length + 5)).toString('utf8');
}

/** The pixels of a picture with 8 bits for each of red, green and blue, as browsers write it. @param {Buffer} png @returns {Pixels} */
export function readPixels(png) {
  const chunks = chunksOf(png);
  const [, info] = chunks.find(([type]) => type === 'IHDR') ?? [];
  const [depth, kind, , , interlaced] = info?.subarray(8) ?? [];
  if (!info || depth !== 8 || (kind !== 2 && kind !== 6) || interlaced !== 0) {
    throw new Failure('this is no PNG of a kind that can be read here', 'update scripts/png.js');
  }
  const [width, height, size] = [info.readUInt32BE(0), info.readUInt32BE(4), kind === 2 ? 3 : 4];
  const data = inflateSync(Buffer.concat(chunks.filter(([type]) => type === 'IDAT').map(([, part]) => part)));
  const bytes = undoFilters(data, height, width * size, size);
  const colours = Array.from({ length: width * height }, (_, index) => bytes.readUIntBE(index * size, 3));
  return { width, height, colours };
}

/** The most frequent colours that differ enough from each other. @param {number[]} colours */
function choosePalette(colours) {
  const counts = new Map();
  colours.forEach((colour) => counts.set(colour, (counts.get(colour) ?? 0) + 1));
  const byFrequency = [...counts].sort(([, a], [, b]) => b - a).map(([colour]) => colour);
  for (let least = 16; ; least += 8) {
    /** @type {number[]} */
    const palette = [];
    for (const colour of byFrequency) {
      if (palette.every((chosen) => distance(chosen, colour) >= least)) palette.push(colour);
    }
    if (palette.length <= MAX_COLOURS) return palette;
  }
}

/** @param {number[]} palette @param {number} colour */
function nearest(palette, colour) {
  const distances = palette.map((chosen) => distance(chosen, colour));
  return distances.indexOf(Math.min(...distances));
}

const channels = (colour) => [colour >> 16, (colour >> 8) & 0xff, colour & 0xff];

function distance(one, other) {
  const [a, b] = [channels(one), channels(other)];
  return Math.hypot(...a.map((channel, index) => channel - b[index]));
}

function memoize(compute) {
  const known = new Map();
  return (key) => known.get(key) ?? known.set(key, compute(key)).get(key);
}

/** Each row begins with the number of the filter that was applied to it. */
function undoFilters(data, height, rowBytes, size) {
  const bytes = Buffer.alloc(height * rowBytes);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (rowBytes + 1)];
    for (let x = 0; x < rowBytes; x++) {
      const at = y * rowBytes + x;
      const left = x < size ? 0 : bytes[at - size];
      const up = y === 0 ? 0 : bytes[at - rowBytes];
      const corner = x < size || y === 0 ? 0 : bytes[at - rowBytes - size];
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      bytes[at] = data[y * (rowBytes + 1) + 1 + x] + guess;
    }
  }
  return bytes;
}

function paeth(left, up, corner) {
  const [toLeft, toUp, toCorner] = [left, up, corner].map((value) => Math.abs(left + up - corner - value));
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

function header(width, height, depth, kind) {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([depth, kind], 8);
  return data;
}

/** @param {[type: string, data: Buffer][]} chunks */
function assemble(chunks) {
  return Buffer.concat([SIGNATURE, ...[...chunks, ['IEND', Buffer.alloc(0)]].map(chunk)]);
}

function chunk([type, data]) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

/** The checksum behind each chunk. Node's own came with Node 20.15. @param {Buffer} data */
function crc32(data) {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** @param {Buffer} png @returns {[type: string, data: Buffer][]} */
function chunksOf(png) {
  /** @type {[string, Buffer][]} */
  const chunks = [];
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    chunks.push([png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + length)]);
    at += length + 12;
  }
  return chunks;
}
