// The pictures of the Marketplace page show what a run prints today, and the page shows each of them.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inProject } from '../../scripts/paths.js';
import { runScenes, textOf } from '../../scripts/pictures.js';
import { readText } from '../../scripts/png.js';
import { taskFolder } from '../task/packed-task.js';

const HINT = 'out of date: `npm run pictures` draws it again';
const pictures = readdirSync(inProject('images')).filter((name) => name !== 'icon.png');

/** Windows has no file modes. */
const withoutModes = (text) => text.replaceAll(/, mode \d+/g, '');

test('each picture shows what a run says', async () => {
  const scenes = await runScenes(taskFolder);
  const adapt = process.platform === 'win32' ? withoutModes : (text) => text;
  for (const [name, panes] of Object.entries(scenes)) {
    const shown = readText(readFileSync(inProject('images', `${name}.png`))) ?? '';
    assert.equal(adapt(shown), textOf(panes), `images/${name}.png is ${HINT}`);
  }
});

test('the picture of the benchmark, if there is one, is the one of its drawing', () => {
  const [drawing, picture] = [inProject('docs', 'benchmark.svg'), inProject('images', 'benchmark.png')];
  assert.equal(existsSync(picture), existsSync(drawing), HINT);
  const shown = existsSync(picture) ? readText(readFileSync(picture)) : undefined;
  assert.equal(shown, existsSync(drawing) ? readFileSync(drawing, 'utf8') : undefined, HINT);
});

test('the Marketplace page shows all pictures, each with words for who cannot see it', () => {
  const page = readFileSync(inProject('overview.md'), 'utf8');
  const shown = [...page.matchAll(/!\[([^\]]+)\]\(images\/([\w.-]+)\)/g)];
  assert.deepEqual(shown.map(([, , name]) => name).sort(), pictures.sort(), 'show it in overview.md');
  assert.deepEqual(
    shown.filter(([, words]) => words.length < 40),
    [],
  );
});

test('the pictures are small', () => {
  const bytes = pictures.map((name) => readFileSync(inProject('images', name)).length);
  assert.ok(bytes.length > 0 && Math.max(...bytes) < 30_000, `${bytes} bytes`);
});
