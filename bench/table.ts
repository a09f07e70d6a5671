import type { Row } from './measure.js';
import type { Verdict } from './targets.js';

export function figure({ value, unit, failed }: Row): string {
  if (failed !== undefined) return 'failed';
  return numbered(value, unit);
}

/** Of all contenders, as Markdown. */
export function markdownTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    row.workload,
    row.contender,
    row.promise,
    figure(row),
    row.failed === undefined && row.rounds > 1
      ? `${numbered(row.least, row.unit)} to ${numbered(row.most, row.unit)}`
      : '',
    String(row.rounds),
    Number.isFinite(row.ratio) ? times(row.ratio) : '',
  ]);
  const head = ['workload', 'who', 'promise', 'median', 'range', 'rounds', 'the first against it'];
  return aligned([head, ...lines]);
}

/** Of the targets, as Markdown. */
export function targetTable(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ workload, target, figure: reached, met }) => [
    workload,
    target,
    times(reached).replace(/ x$/, ''),
    met ? 'met' : 'NOT MET',
  ]);
  return aligned([['workload', 'target', 'figure', ''], ...lines]);
}

function numbered(value: number, unit: Row['unit']): string {
  if (unit === 'per second') return `${Math.round(value).toLocaleString('en')}/s`;
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ${unit}`;
}

function times(ratio: number): string {
  return `${ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(0)} x`;
}

function aligned(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0), 3),
  );
  const text = (line: readonly string[]): string =>
    `| ${widths.map((width, column) => (line[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const [head = [], ...rest] = lines;
  return [text(head), rule, ...rest.map(text)].join('\n');
}
