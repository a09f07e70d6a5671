/**
 * What `look` returns once it returns something other than `undefined` or `false`; errors it throws meanwhile count as
 * "not yet". Looks again after every turn of the event loop, and every few ms when nothing has come of it for a while.
 * For things that give no event to wait for; prefer the event.
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  { withinMs = 5_000, what = 'the condition' }: { readonly withinMs?: number; readonly what?: string } = {},
): Promise<Exclude<T, undefined | false>> {
  const endMs = performance.now() + withinMs;
  let lastError: unknown;
  for (let looks = 0; ; looks += 1) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > endMs) {
      throw new Error(`${what} did not come true within ${withinMs} ms`, { cause: lastError });
    }
    await (looks < EAGER_LOOKS ? nextTurn() : pause());
  }
}

const EAGER_LOOKS = 100;
const PAUSE_MS = 5;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
