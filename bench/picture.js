// This file is where the benchmark's picture is drawn: two bars for each case, as long as their times.

const WIDTH = 780;
const LABEL = 290;
const ROW = 46;

/** @param {{ name: string, ours: { ms: number }, baseline: { ms: number } }[]} rows */
export function drawBars(rows) {
  const height = rows.length * ROW + 50;
  const bars = rows.map(({ name, ours, baseline }, index) => {
    const longest = Math.max(ours.ms, baseline.ms);
    const width = (ms) => Math.max(2, Math.round(((WIDTH - LABEL - 110) * ms) / longest));
    const y = 40 + index * ROW;
    return [
      `<text x="${LABEL - 10}" y="${y + 20}" text-anchor="end">${escape(name)}</text>`,
      bar(y + 2, width(ours.ms), '#1f4e5f', `${Math.round(ours.ms)} ms`),
      bar(y + 20, width(baseline.ms), '#f6c445', `${Math.round(baseline.ms)} ms`),
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#ffffff"/>
<rect x="${LABEL}" y="14" width="12" height="12" fill="#1f4e5f"/><text x="${LABEL + 18}" y="24">this task</text>
<rect x="${LABEL + 110}" y="14" width="12" height="12" fill="#f6c445"/><text x="${LABEL + 128}" y="24">baseline</text>
${bars.join('\n')}
</svg>
`;
}

const bar = (y, width, colour, label) =>
  `<rect x="${LABEL}" y="${y}" width="${width}" height="15" fill="${colour}"/>` +
  `<text x="${LABEL + width + 6}" y="${y + 12}">${label}</text>`;

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
