/** The wait before reconnection attempt `attempt` (0 is the first): doubling up to the cap, then shortened by up to half so that crowds spread out. */
export function reconnectDelayMs(
  attempt: number,
  { firstMs = 100, capMs = 3_000 }: { readonly firstMs?: number; readonly capMs?: number } = {},
  random: () => number = Math.random,
): number {
  const full = Math.min(capMs, firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(full * (1 - random() / 2));
}
