// The pauses of everybody who asks again: they grow, and are by chance, so that not all come back in the same moment.

const PAUSE_FIRST_MS = 200;
const PAUSE_MAX_MS = 4_000;

/** Nobody knows what became of it. Keep the id, and ask again later. */
export class NoAnswer extends Error {}

/**
 * What `once` answers. It throws for an end, and returns `{again: milliseconds to wait at least}` where the same should be asked again.
 * Gives up after `patience` ms, and at once when `signal` says that nobody waits any more.
 */
export async function untilAnswered(once, { patience, signal, onAgain }) {
  const end = Date.now() + patience;
  let pause = PAUSE_FIRST_MS;
  for (;;) {
    const found = await once();
    if (found.again === undefined) return found.answer;
    const wait = found.again + (0.5 + Math.random() / 2) * pause;
    pause = Math.min(2 * pause, PAUSE_MAX_MS);
    if (Date.now() + wait > end) throw new NoAnswer();
    onAgain?.();
    await new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, wait);
      signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
    });
  }
}
