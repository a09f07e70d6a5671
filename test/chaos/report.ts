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

/** Of a test that came to no verdict. */
export function failedRow(test: string, place: PlaceName, variant: string, error: unknown): Row {
  const none = { size: 0, faults: 0, executed: 0, lost: 0, duplicated: 0, restarted: 0, recovered: 0 };
  const why = error instanceof Error ? error.message : String(error);
  return { test, place, variant, ...none, unexpected: 0, stuck: 0, slowestMs: 0, seconds: 0, broken: [why] };
}
