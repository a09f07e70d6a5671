import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/**
 * `attempted`, `acknowledged`, `uncertain` and `refused`: a publish begun, resolved, rejected as perhaps delivered, rejected as
 * surely not. `started` and `ended`: a run of the task's code.
 */
export const STEPS = ['attempted', 'acknowledged', 'uncertain', 'refused', 'started', 'ended'] as const;
export type Step = (typeof STEPS)[number];

export interface Entry {
  readonly step: Step;
  readonly id: string;
  readonly pid: number;
  /** Wall clock of the machine. */
  readonly atMs: number;
}

/**
 * Writes each entry with one `write(2)` to a file opened for appending, before it returns: a process killed right after has
 * left its entry, and entries of many processes stand in the order they were written in.
 */
export function openLedger(file: string): (step: Step, id: string) => void {
  const handle = openSync(file, 'a');
  return (step, id) => void writeSync(handle, `${step} ${id} ${process.pid} ${Date.now()}\n`);
}

/** Reads a ledger as it grows. */
export class LedgerReader implements Disposable {
  readonly entries: Entry[] = [];
  readonly #handle: number;
  readonly #buffer = Buffer.allocUnsafe(1 << 20);
  #offset = 0;
  #rest = '';

  constructor(file: string) {
    this.#handle = openSync(file, 'a+');
  }

  /** What came since the last call; it is in `entries` too. */
  more(): readonly Entry[] {
    const known = this.entries.length;
    for (;;) {
      const read = readSync(this.#handle, this.#buffer, 0, this.#buffer.length, this.#offset);
      if (read === 0) return this.entries.slice(known);
      this.#offset += read;
      const lines = (this.#rest + this.#buffer.toString('latin1', 0, read)).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.entries.push(readEntry(line));
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#handle);
  }
}

function readEntry(line: string): Entry {
  const [word, id = '', pid, atMs] = line.split(' ');
  const step = STEPS.find((known) => known === word);
  if (step === undefined || id === '')
    throw new Error(`No entry of a ledger: ${JSON.stringify(line.slice(0, 200))}`);
  return { step, id, pid: Number(pid), atMs: Number(atMs) };
}
