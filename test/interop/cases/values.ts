/** A value on both sides: as Python writes it in code, and as JavaScript has it. */
export interface Value {
  readonly name: string;
  readonly python: string;
  readonly ours: unknown;
}

const BIG = 300_000;

export const VALUES: readonly Value[] = [
  {
    name: 'None, booleans and numbers',
    python: '[None, True, False, 0, -7, 1.5, 1e300]',
    ours: [null, true, false, 0, -7, 1.5, 1e300],
  },
  {
    name: 'text of every kind',
    python: String.raw`'héllo ✓ 日本 \U0001f600 "\\ \x00\x1f \u2028 </script>'`,
    ours: 'héllo ✓ 日本 😀 "\\ \x00\x1f \u2028 </script>',
  },
  {
    name: 'integers beyond 2^53',
    python: '[2**53 + 1, -(2**70), 10**40]',
    ours: [2n ** 53n + 1n, -(2n ** 70n), 10n ** 40n],
  },
  {
    name: 'NaN and the infinities',
    python: "[float('nan'), float('inf'), float('-inf')]",
    ours: [NaN, Infinity, -Infinity],
  },
  {
    name: 'nested data',
    python: "{'a': [{'b': {'c': [[[]]]}}, {}], '': None}",
    ours: JSON.parse('{"a": [{"b": {"c": [[[]]]}}, {}], "": null}'),
  },
  { name: `${BIG} characters`, python: `'ü' * ${BIG}`, ours: 'ü'.repeat(BIG) },
];
