// The project's Markdown: pages, and their code blocks, tables, headings and links.

import { readdirSync, readFileSync } from 'node:fs';
import { marked } from 'marked';
import { inProject } from '../../scripts/paths.js';

/**
 * @typedef {object} Block a block of code
 * @property {string} heading the one above it
 * @property {string} language
 * @property {string} info what follows the language
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
export const blocksOf = (page) =>
  tokensOf(page).flatMap(({ heading, token }) => {
    if (token.type !== 'code') return [];
    const [language, ...info] = (token.lang ?? '').split(' ');
    return [{ heading, language, info: info.join(' '), text: `${token.text}\n` }];
  });

/** The rows of a page's tables, each with its heading and its cells in Markdown. @param {string} page */
export const rowsOf = (page) =>
  tokensOf(page).flatMap(({ heading, token }) =>
    token.type === 'table' ? token.rows.map((row) => ({ heading, cells: row.map(({ text }) => text) })) : [],
  );

/** The code spans in a cell. @param {string} cell */
export const codeIn = (cell) =>
  marked.Lexer.lexInline(cell).flatMap(({ type, text }) => (type === 'codespan' ? [text] : []));

/** The anchors of a page's headings, as they are made by GitHub and the Marketplace. @param {string} page */
export const anchorsOf = (page) =>
  tokensOf(page).flatMap(({ token }) => (token.type === 'heading' ? [anchorOf(token.text)] : []));

const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

/** The targets of a page's links and pictures. @param {string} page @returns {string[]} */
export const linksOf = (page) =>
  tokensOf(page).flatMap(({ token }) =>
    token.type === 'link' || token.type === 'image' ? [token.href] : [],
  );

/** All tokens of a page, outer ones first, each with the heading above it. @param {string} page */
function tokensOf(page) {
  const found = [];
  let heading = '';
  marked.walkTokens(marked.lexer(readPage(page)), (token) => {
    if (token.type === 'heading') heading = token.text;
    found.push({ heading, token });
  });
  return found;
}
