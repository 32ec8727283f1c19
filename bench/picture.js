/** The benchmark's picture: for each case, the time of Keeper's own SDK as a bar, and this task's share of it. */

const WIDTH = 780;
const LABEL = 280;
const FULL = 330;
const ROW = 46;
const TOP = 86;
const TASK = '#1f4e5f';
const SDK = '#f6c445';

/** @param {{ name: string, ours: { ms: number }, baseline: { ms: number } }[]} rows */
export function drawBars(rows) {
  const height = TOP + rows.length * ROW;
  const bars = rows.map(({ name, ours, baseline }, index) => {
    const y = TOP + index * ROW;
    const share = ours.ms / baseline.ms;
    return [
      `<text x="${LABEL - 10}" y="${y + 20}" text-anchor="end">${escape(name)}</text>`,
      bar(y, share, TASK, `${Math.round(ours.ms)} ms, ${Math.round(share * 100)} %`),
      bar(y + 17, 1, SDK, `${Math.round(baseline.ms)} ms`),
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="20" y="28" font-size="16" font-weight="bold">Time of a whole run, compared with Keeper's own SDK (shorter is better)</text>
<rect x="20" y="46" width="12" height="12" fill="${TASK}"/><text x="38" y="57">this task</text>
<rect x="130" y="46" width="12" height="12" fill="${SDK}"/><text x="148" y="57">Keeper's own SDK, used as the official task uses it: 100 %</text>
${bars.join('\n')}
</svg>
`;
}

const bar = (y, share, colour, label) => {
  const width = Math.max(2, Math.round(FULL * share));
  return (
    `<rect x="${LABEL}" y="${y}" width="${width}" height="14" fill="${colour}"/>` +
    `<text x="${LABEL + width + 6}" y="${y + 12}">${label}</text>`
  );
};

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
