/**
 * Tells what is going on while it goes on: a line when a step starts, one now and then while it runs, and
 * one with the time it took.
 */

const SIGN_OF_LIFE_MS = 15_000;

/** The steps under way, the innermost last; only that one shows that it lives. */
const underWay = [];

/** A clock that was started now; call it for the seconds since then, to one decimal. */
export function stopwatch() {
  const start = performance.now();
  return () => ((performance.now() - start) / 1000).toFixed(1);
}

/** Does `work` and prints when it starts, that it lives, and how it ends. */
export async function step(title, work) {
  const seconds = stopwatch();
  console.log(`▸ ${title}`);
  underWay.push(title);
  const signOfLife = setInterval(() => {
    if (underWay.at(-1) === title) {
      console.log(`  … ${title}: ${Math.round(seconds())} s so far`);
    }
  }, SIGN_OF_LIFE_MS);
  try {
    const product = await work();
    console.log(`✓ ${title} (${seconds()} s)`);
    return product;
  } catch (error) {
    console.log(`✗ ${title} (${seconds()} s)`);
    throw error;
  } finally {
    clearInterval(signOfLife);
    underWay.pop();
  }
}
