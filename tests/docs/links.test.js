// Every link of a page leads somewhere, and every page is linked.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import { inProject, readJson } from '../../scripts/paths.js';
import { anchorsOf, linksOf, pages } from './markdown.js';

/** The links of all pages, and of the help of inputs, into the project: where from, and where to. */
const links = [
  ...pages.flatMap((page) => linksOf(page).map((target) => resolve(page, target))),
  ...linksOfHelp().map((target) => ({ ...resolve('.', target), page: 'task/task.json' })),
].filter(({ target }) => !/^https?:/.test(target));

/** @param {string} page @param {string} target */
function resolve(page, target) {
  const [path, anchor] = target.split('#');
  return { page, target, path: path === '' ? page : posix.join(posix.dirname(page), path), anchor };
}

function linksOfHelp() {
  const { helpMarkDown, inputs } = readJson(inProject('task', 'task.json'));
  const texts = [helpMarkDown, ...inputs.map((input) => input.helpMarkDown)];
  return texts.flatMap((text) => [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target));
}

test('every link leads to something', () => {
  assert.ok(links.length >= 60, `${links.length}`);
  const leadsNowhere = ({ path, anchor }) =>
    !existsSync(inProject(path)) || (anchor !== undefined && !anchorsOf(path).includes(anchor));
  assert.deepEqual(
    links.filter(leadsNowhere).map(({ page, target }) => `${page}: ${target}`),
    [],
  );
});

test('a page has no two headings with one anchor', () => {
  for (const page of pages) {
    const anchors = anchorsOf(page);
    const linked = links.filter(({ path }) => path === page).map(({ anchor }) => anchor);
    const twice = anchors.filter((anchor, index) => anchors.indexOf(anchor) !== index);
    assert.deepEqual(
      twice.filter((anchor) => linked.includes(anchor)),
      [],
      page,
    );
  }
});

test('the README leads to every page of docs/', () => {
  const reached = links.filter(({ page }) => page === 'README.md').map(({ path }) => path);
  const wanted = pages.filter((page) => /^docs\/[^/]+$/.test(page));
  assert.deepEqual(
    wanted.filter((page) => !reached.includes(page)),
    [],
  );
});
