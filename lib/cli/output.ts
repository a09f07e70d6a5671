import { styleText } from 'node:util';
import { tableLines, tsvLines, type Column, type Row, type Style } from './table.js';
import type { Terminal } from './terminal.js';

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly colours: boolean;
}

/** What a command says: answers on stdout, all else on stderr. */
export class Output {
  constructor(
    private readonly terminal: Terminal,
    private readonly options: OutputOptions,
  ) {}

  get json(): boolean {
    return this.options.json;
  }

  /** A person looks at stdout. */
  get forPeople(): boolean {
    return this.terminal.isScreen && !this.json;
  }

  /** The answer: `value` as JSON where that is asked for, else the text. */
  answer(value: unknown, text: () => string): void {
    this.terminal.out(`${this.json ? jsonOf(value) : text()}\n`);
  }

  /** One record of many on a line of its own: JSON Lines, or text. */
  record(value: unknown, text: () => string): void {
    this.terminal.out(`${this.json ? jsonOf(value, 0) : text()}\n`);
  }

  /** A table on a screen, tab-separated values elsewhere. */
  table(value: unknown, columns: readonly Column[], rows: readonly Row[]): void {
    if (this.json) return this.terminal.out(`${jsonOf(value)}\n`);
    const lines = this.tableLines(columns, rows);
    if (lines.length > 0) this.terminal.out(`${lines.join('\n')}\n`);
  }

  tableLines(columns: readonly Column[], rows: readonly Row[]): string[] {
    if (!this.forPeople) return tsvLines(rows);
    return tableLines(columns, rows, this.terminal.columns, this.paint);
  }

  /** Text as it is, where it is no answer that `--json` could hold. */
  raw(text: string): void {
    this.terminal.out(text);
  }

  /** For whoever looks on; never on stdout. */
  note(text: string): void {
    if (!this.options.quiet && (!this.json || this.terminal.isScreen)) this.terminal.err(`${text}\n`);
  }

  warn(text: string): void {
    if (!this.options.quiet) this.terminal.err(`${this.paint('yellow', 'Warning:')} ${text}\n`);
  }

  error(text: string): void {
    this.terminal.err(`${this.paint('red', 'Error:')} ${text}\n`);
  }

  readonly paint = (style: Style, text: string): string =>
    this.options.colours ? styleText(style, text, { validateStream: false }) : text;
}

/** Large integers are written as text: `JSON.parse` would round them. */
export function jsonOf(value: unknown, indent = 2): string {
  const plain = (_: string, each: unknown): unknown => (typeof each === 'bigint' ? each.toString() : each);
  return JSON.stringify(value ?? null, plain, indent);
}
