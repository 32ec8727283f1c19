/** The project's pictures as PNG files: few colours, which is small, and a text inside that says what can be seen. */

import { decode, encode } from 'fast-png';

const KEYWORD = 'Description';
/** As many colours as four bits can index. */
const MAX_COLOURS = 16;
const BITS = 4;

/** @typedef {[red: number, green: number, blue: number]} Colour */

/**
 * A screenshot in sixteen colours, which is enough for text on one background.
 *
 * @param {Uint8Array} screenshot a PNG of 8 bits for each channel, as browsers write it
 * @param {string} text what can be seen
 */
export function shrink(screenshot, text) {
  const { width, height, data, channels } = decode(screenshot);
  const colours = Array.from({ length: width * height }, (_, index) => readColour(data, index * channels));
  const palette = choosePalette(colours);
  const indexOf = memoize((colour) => nearest(palette, colour));
  const rowBytes = Math.ceil((width * BITS) / 8);
  const indexes = new Uint8Array(rowBytes * height);
  colours.forEach((colour, position) => {
    const [x, y] = [position % width, Math.floor(position / width)];
    indexes[y * rowBytes + (x >> 1)] |= indexOf(colour) << (x % 2 === 0 ? BITS : 0);
  });
  const picture = {
    width,
    height,
    depth: BITS,
    channels: 1,
    palette: palette.map(toChannels),
    data: indexes,
  };
  return encode({ ...picture, text: { [KEYWORD]: toLatin1(text) } }, { zlib: { level: 9, mem: 12 } });
}

/** The text in such a picture, if any. @param {Uint8Array} png */
export function readText(png) {
  const { text } = decode(png);
  return text[KEYWORD] === undefined ? undefined : fromLatin1(text[KEYWORD]);
}

// PNG's simplest text has the characters of Latin-1 only, so each byte of ours is written as one of them.
const toLatin1 = (text) => Buffer.from(text, 'utf8').toString('latin1');
const fromLatin1 = (text) => Buffer.from(text, 'latin1').toString('utf8');

const readColour = (data, at) => (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];

/** @returns {Colour} */
const toChannels = (colour) => [colour >> 16, (colour >> 8) & 0xff, colour & 0xff];

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

function distance(one, other) {
  const [a, b] = [toChannels(one), toChannels(other)];
  return Math.hypot(...a.map((channel, index) => channel - b[index]));
}

function memoize(compute) {
  const known = new Map();
  return (key) => known.get(key) ?? known.set(key, compute(key)).get(key);
}
