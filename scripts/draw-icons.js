/** The icons: a keyhole in a rounded square, drawn by its distance functions, so that any size is sharp. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { encode } from 'fast-png';
import { runWhenCalled } from './failure.js';
import { inProject } from './paths.js';

const BACKGROUND = [0x1f, 0x4e, 0x5f];
const KEYHOLE = [0xf6, 0xc4, 0x45];

/** Writes both icons to where the manifests expect them. */
export function drawIcons() {
  mkdirSync(inProject('images'), { recursive: true });
  writeFileSync(inProject('images', 'icon.png'), png(128, pixel));
  writeFileSync(inProject('task', 'icon.png'), png(32, pixel));
}

/** The colour at a point of the unit square; `edge` is the width of a pixel, over which edges are smoothed. */
function pixel(x, y, edge) {
  const cover = (distance) => Math.min(1, Math.max(0, 0.5 - distance / edge));
  const square = cover(roundedBox(x - 0.5, y - 0.5, 0.48, 0.12));
  const hole = Math.max(cover(Math.hypot(x - 0.5, y - 0.4) - 0.17), cover(trapezoid(x - 0.5, y)));
  const colour = BACKGROUND.map((channel, index) => Math.round(channel + (KEYHOLE[index] - channel) * hole));
  return [...colour, Math.round(255 * square)];
}

function roundedBox(x, y, half, radius) {
  const [dx, dy] = [Math.abs(x) - half + radius, Math.abs(y) - half + radius];
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
}

/** The lower part of the keyhole, which widens downwards. */
function trapezoid(x, y) {
  const halfWidth = 0.06 + (y - 0.45) * 0.22;
  return Math.max(Math.abs(x) - halfWidth, 0.45 - y, y - 0.8);
}

/** A picture of `size` by `size` points. */
function png(size, colourAt) {
  const points = Array.from({ length: size * size }, (_, index) => [index % size, Math.floor(index / size)]);
  const data = points.flatMap(([x, y]) => colourAt((x + 0.5) / size, (y + 0.5) / size, 1 / size));
  return encode({ width: size, height: size, data: new Uint8Array(data) }, { zlib: { level: 9 } });
}

await runWhenCalled(import.meta.url, drawIcons);
