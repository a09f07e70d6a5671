import stringWidth from 'fast-string-width';
import { printable } from '../worker/printable.js';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** May be cut where the screen is too narrow. Default true for text, false for what stands right. */
  readonly shrinks?: boolean;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Cell = string | { readonly text: string; readonly style: Style };
export type Row = readonly Cell[];
export type Paint = (style: Style, text: string) => string;

const GAP = '  ';
/** Narrowest a column is cut to. */
const LEAST = 8;

/** Lines of a table that fits the screen. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly Row[],
  screenColumns: number,
  paint: Paint,
): string[] {
  const cells = rows.map((row) => columns.map((_, index) => shown(row[index])));
  const widths = fitted(
    columns,
    columns.map(({ title }, index) =>
      Math.max(stringWidth(title), ...cells.map((row) => stringWidth(row[index]?.text ?? ''))),
    ),
    screenColumns,
  );
  const line = (parts: readonly { readonly text: string; readonly style: Style | undefined }[]): string =>
    parts
      .map(({ text, style }, index) => {
        const width = widths[index] ?? 0;
        const cut = cutTo(text, width);
        const gap = ' '.repeat(Math.max(0, width - stringWidth(cut)));
        const painted = style === undefined ? cut : paint(style, cut);
        return columns[index]?.align === 'right' ? gap + painted : painted + gap;
      })
      .join(GAP)
      .trimEnd();
  return [line(columns.map(({ title }) => ({ text: title, style: 'bold' }))), ...cells.map(line)];
}

/** For other programs: no heading, a tab between two values, one record on each line. */
export function tsvLines(rows: readonly Row[]): string[] {
  return rows.map((row) => row.map((cell) => shown(cell).text).join('\t'));
}

function shown(cell: Cell | undefined): { readonly text: string; readonly style: Style | undefined } {
  if (cell === undefined) return { text: '', style: undefined };
  return typeof cell === 'string'
    ? { text: printable(cell), style: undefined }
    : { text: printable(cell.text), style: cell.style };
}

/** Takes from the widest of those that may be cut, until all fit. */
function fitted(columns: readonly Column[], widths: readonly number[], screenColumns: number): number[] {
  const found = [...widths];
  const mayShrink = columns.map(({ align, shrinks }) => shrinks ?? align !== 'right');
  const total = (): number => found.reduce((sum, width) => sum + width, 0) + GAP.length * (found.length - 1);
  while (total() > screenColumns) {
    const widest = found.reduce(
      (best, width, index) => (mayShrink[index] === true && width > (found[best] ?? 0) ? index : best),
      mayShrink.indexOf(true),
    );
    const width = found[widest] ?? 0;
    if (widest === -1 || width <= LEAST) break;
    found[widest] = width - 1;
  }
  return found;
}

export function cutTo(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let cut = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(cut + segment) > width - 1) break;
    cut += segment;
  }
  return `${cut}…`;
}
