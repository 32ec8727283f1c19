/**
 * Progress of long steps. In a terminal, one line shows the current step and is cleared when it ends; elsewhere, a line
 * is printed when it starts and now and then while it runs. When it ends, a line shows the time it took.
 */

const SIGN_OF_LIFE_MS = 15_000;
const REDRAW_MS = 1_000;

/** @type {{ title: string, seconds: () => string }[]} the steps under way, the innermost last */
const underWay = [];

/** A clock that was started now; call it for the seconds since then, to one decimal. */
export function stopwatch() {
  const start = performance.now();
  return () => ((performance.now() - start) / 1000).toFixed(1);
}

/** Whether a step is drawing a line in the terminal, so that nothing else may write there. */
export const isDrawing = () => process.stdout.isTTY === true && underWay.length > 0;

/** Does `work`, and shows its progress and how it ends. */
export async function step(title, work) {
  const current = { title, seconds: stopwatch() };
  underWay.push(current);
  showStart(title);
  const timer = setInterval(() => showLife(current), process.stdout.isTTY ? REDRAW_MS : SIGN_OF_LIFE_MS);
  let sign = '✗';
  try {
    const product = await work();
    sign = '✓';
    return product;
  } finally {
    clearInterval(timer);
    clearLine();
    underWay.pop();
    console.log(`${sign} ${title} (${current.seconds()} s)`);
  }
}

function showStart(title) {
  if (isDrawing()) {
    draw(`▸ ${title}`);
  } else {
    console.log(`▸ ${title}`);
  }
}

function showLife(current) {
  if (underWay.at(-1) !== current) {
    return;
  }
  const seconds = Math.round(Number(current.seconds()));
  if (isDrawing()) {
    draw(`▸ ${current.title}: ${seconds} s`);
  } else {
    console.log(`  … ${current.title}: ${seconds} s so far`);
  }
}

function draw(line) {
  clearLine();
  // A wrapped line could not be cleared.
  process.stdout.write(line.slice(0, (process.stdout.columns || 80) - 1));
}

function clearLine() {
  if (isDrawing()) {
    process.stdout.write('\r\x1b[2K');
  }
}
