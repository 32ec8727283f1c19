// This file is where the project's Markdown is read: pages, blocks of code, tables, headings and links.

import { readdirSync, readFileSync } from 'node:fs';
import { inProject } from '../../scripts/paths.js';

/**
 * @typedef {object} Block a block of code
 * @property {string} heading the one above it
 * @property {string} language
 * @property {string} info what stands behind the language
 * @property {string} text
 */

/** The paths of all pages, as seen from the project's folder. */
export const pages = ['.', 'docs', 'docs/decisions'].flatMap((folder) =>
  readdirSync(inProject(folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => (folder === '.' ? name : `${folder}/${name}`)),
);

/** @param {string} page */
export const readPage = (page) => readFileSync(inProject(page), 'utf8');

/** @param {string} page @returns {Block[]} */
export function blocksOf(page) {
  let heading = '';
  return [...readPage(page).matchAll(/^#+ (.*)$|^```(.*)\n([\s\S]*?)^```$/gm)].flatMap(
    ([, title, fence, text]) => {
      heading = title ?? heading;
      if (title !== undefined) return [];
      const [, language, info] = fence.match(/^(\S*) ?(.*)$/) ?? [];
      return [{ heading, language, info, text }];
    },
  );
}

/**
 * The rows of a page's tables, each with its heading and its cells as they are written.
 *
 * @param {string} page
 */
export function rowsOf(page) {
  let heading = '';
  let isBehindRule = false;
  return textOf(page)
    .split('\n')
    .flatMap((line) => {
      heading = line.match(/^#+ (.*)$/)?.[1] ?? heading;
      if (!line.startsWith('|')) {
        isBehindRule = false;
        return [];
      }
      if (/^[|: -]+$/.test(line)) {
        isBehindRule = true;
        return [];
      }
      const cells = line.split(/(?<!\\)\|/).slice(1, -1);
      return isBehindRule
        ? [{ heading, cells: cells.map((cell) => cell.trim().replaceAll('\\|', '|')) }]
        : [];
    });
}

/** The texts in a cell that are written as code. @param {string} cell */
export const codeIn = (cell) => [...cell.matchAll(/(`+)(.+?)\1(?!`)/g)].map(([, , code]) => code.trim());

/** The anchors of a page's headings, as they are made by GitHub and the Marketplace. @param {string} page */
export const anchorsOf = (page) =>
  [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** The targets of a page's links and pictures. @param {string} page */
export const linksOf = (page) =>
  [
    ...textOf(page)
      .replaceAll(/(`+).+?\1(?!`)/g, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].map(([, target]) => target);

/** A page without its blocks of code. @param {string} page */
const textOf = (page) => readPage(page).replaceAll(/^```[\s\S]*?^```$/gm, '');
