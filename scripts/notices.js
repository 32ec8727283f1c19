/**
 * Third-party notices: each shipped package with its copyright lines, and each licence text once, however many packages
 * share it.
 */

import { readFileSync } from 'node:fs';

const HEADING = `\
THIRD-PARTY NOTICES

The files main.js and core_bg.wasm contain code of the packages below, under the licences that follow each list.
Where a package offers several licences, the one that was chosen is shown.
`;

const GAP = /<year> <copyright holders>$/;

/** @param {import('./components.js').Component[]} components */
export function writeNotices(components) {
  const groups = new Map();
  for (const { name, version, licenceFiles, holder } of components) {
    for (const file of licenceFiles) {
      const { copyrights, terms } = splitLicence(readFileSync(file, 'utf8'));
      const key = terms.replace(/[\s"'`*]+/g, ' ').toLowerCase();
      const group = groups.get(key) ?? { terms, lines: [] };
      group.lines.push(
        [`${name} ${version}`, ...copyrights.map((line) => `  ${line.replace(GAP, holder)}`)].join('\n'),
      );
      groups.set(key, group);
    }
  }
  const largestFirst = [...groups.values()].sort((left, right) => right.lines.length - left.lines.length);
  return [HEADING, ...largestFirst.map(({ terms, lines }) => `${lines.join('\n')}\n\n${terms}\n`)].join(
    `\n${'-'.repeat(80)}\n\n`,
  );
}

/** Splits a licence into its copyright lines, which differ, and its terms, which many packages share. */
export function splitLicence(text) {
  const lines = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.trimEnd());
  const firstTerm = lines.findIndex((line) => !isHeading(line));
  return {
    copyrights: lines
      .slice(0, firstTerm)
      .filter(isCopyright)
      .map((line) => line.trim()),
    terms: lines.slice(firstTerm).join('\n'),
  };
}

const isHeading = (line) => line.trim() === '' || isTitle(line) || isCopyright(line);

const isTitle = (line) => /^\W*(the )?[\w-]+ licen[sc]e\b.{0,30}$/i.test(line);

const isCopyright = (line) => /^\s*copyright\b/i.test(line);
