import type { PlaceName } from './place.js';
import type { Row } from './scenario.js';

const COLUMNS: readonly (readonly [string, (row: Row) => string | number])[] = [
  ['test', (row) => row.test],
  ['broker', (row) => row.place],
  ['variant', (row) => row.variant],
  ['tasks', (row) => row.size],
  ['faults', (row) => row.faults],
  ['executed', (row) => row.executed],
  ['lost', (row) => row.lost],
  ['duplicated', (row) => row.duplicated],
  ['restarted', (row) => row.restarted],
  ['recovered', (row) => row.recovered],
  ['stuck', (row) => row.stuck],
  ['slowest recovery', (row) => `${row.slowestMs} ms`],
  ['took', (row) => `${row.seconds} s`],
  ['', (row) => (row.broken.length === 0 ? 'passed' : 'FAILED')],
];

export function markdownTable(rows: readonly Row[]): string {
  const lines = [
    COLUMNS.map(([title]) => title),
    COLUMNS.map(() => '---'),
    ...rows.map((row) => COLUMNS.map(([, of]) => String(of(row)))),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** One line for each promise that was broken. */
export function breaches(rows: readonly Row[]): string[] {
  return rows.flatMap(({ test, place, variant, broken }) =>
    broken.map((what) => `${test} on ${place}, ${variant}: ${what}`),
  );
}

/** What the parts of a run found, as one row. */
export function together(rows: readonly [Row, ...Row[]]): Row {
  const [first] = rows;
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const most = (of: (row: Row) => number): number => Math.max(...rows.map(of));
  return {
    ...first,
    size: sum((row) => row.size),
    faults: sum((row) => row.faults),
    executed: sum((row) => row.executed),
    lost: sum((row) => row.lost),
    duplicated: sum((row) => row.duplicated),
    restarted: sum((row) => row.restarted),
    recovered: sum((row) => row.recovered),
    unexpected: sum((row) => row.unexpected),
    stuck: sum((row) => row.stuck),
    slowestMs: most((row) => row.slowestMs),
    seconds: most((row) => row.seconds),
    broken: rows.flatMap((row) => row.broken),
  };
}

/** Of a test that came to no verdict. */
export function failedRow(test: string, place: PlaceName, variant: string, error: unknown): Row {
  const none = { size: 0, faults: 0, executed: 0, lost: 0, duplicated: 0, restarted: 0, recovered: 0 };
  const why = error instanceof Error ? error.message : String(error);
  return { test, place, variant, ...none, unexpected: 0, stuck: 0, slowestMs: 0, seconds: 0, broken: [why] };
}
