const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** For people: `3d 1h`, `2h 4m`, `12s`, `84ms`. */
export function ago(ms: number): string {
  if (!Number.isFinite(ms)) return '';
  const whole = Math.max(0, Math.round(ms));
  if (whole < 1_000) return `${whole}ms`;
  const at = UNITS.findIndex(([, size]) => whole >= size);
  const [unit, size] = UNITS[at] ?? UNITS[3];
  const next = UNITS[at + 1];
  const first = `${Math.floor(whole / size)}${unit}`;
  if (next === undefined) return first;
  const rest = Math.floor((whole % size) / next[1]);
  return rest === 0 ? first : `${first} ${rest}${next[0]}`;
}
