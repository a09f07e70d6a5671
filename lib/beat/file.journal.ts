import {
  closeSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import type { Log } from '../runtime/logger.js';
import { codeOf } from './file.lock.js';
import type { Change } from './schedule.table.js';

const toDisk = promisify(fdatasync);
const NEWLINE = 0x0a;
/** Written anew when it has grown to this many lines beyond twice what it says. */
const SPARE_LINES = 2_000;

/** The first line: how many of the lines after it were written together with it. */
interface Header {
  readonly kind: 'header';
  readonly version: 1;
  readonly lines: number;
}

/**
 * A file of changes, one a line behind its checksum, that is only ever added to or replaced as a whole. Cut at any byte
 * it still says everything up to there: what it was replaced by is checked against its number of lines, and the file
 * before stands in for what is missing.
 */
export class FileJournal {
  #inode = 0;
  /** Bytes read so far, up to the end of a line. */
  #offset = 0;
  #lines = 0;
  #warned = false;

  constructor(
    readonly path: string,
    private readonly log: Log,
  ) {}

  get isLong(): boolean {
    return this.#lines > SPARE_LINES;
  }

  /** What others have written since; `anew`: the file is another one, and this is all of it. */
  readOn(): { readonly changes: readonly Change[]; readonly anew: boolean } {
    const file = this.#open();
    if (file === undefined) return { changes: [], anew: false };
    try {
      const { ino, size } = fstatSync(file);
      const anew = ino !== this.#inode || size < this.#offset;
      if (!anew && size === this.#offset) return { changes: [], anew };
      if (anew) [this.#inode, this.#offset, this.#lines] = [ino, 0, 0];
      const bytes = Buffer.alloc(size - this.#offset);
      readSync(file, bytes, 0, bytes.length, this.#offset);
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      this.#offset += end;
      const read = linesOf(bytes.subarray(0, end));
      this.#lines += read.length;
      const changes = read.filter((line) => line !== undefined && line.kind !== 'header') as Change[];
      if (read.includes(undefined)) this.#warn('has damaged lines, which were left out');
      return { changes: anew ? [...this.#missing(read), ...changes] : changes, anew };
    } finally {
      closeSync(file);
    }
  }

  /** Resolves when it is on the disk. */
  async append(changes: readonly Change[]): Promise<void> {
    const file = openSync(this.path, 'a+', 0o600);
    try {
      const { size } = fstatSync(file);
      const last = Buffer.alloc(1);
      if (size > 0) readSync(file, last, 0, 1, size - 1);
      // Whatever was cut off there must not swallow this line too.
      const start =
        size === 0 ? lineOf({ kind: 'header', version: 1, lines: 0 }) : last[0] === NEWLINE ? '' : '\n';
      const bytes = Buffer.from(start + changes.map(lineOf).join(''));
      // One write: what two processes add at the same time does not mix.
      const written = writeSync(file, bytes);
      if (written < bytes.length) throw new Error('the disk is full');
      await toDisk(file);
    } finally {
      closeSync(file);
    }
  }

  /** Replaces the file by one that says this. The one before is kept beside it. */
  replace(changes: readonly Change[]): void {
    const next = `${this.path}.next`;
    const file = openSync(next, 'w', 0o600);
    try {
      writeSync(
        file,
        lineOf({ kind: 'header', version: 1, lines: changes.length }) + changes.map(lineOf).join(''),
      );
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    rmSync(this.#backup, { force: true });
    try {
      linkSync(this.path, this.#backup);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    renameSync(next, this.path);
    const folder = openSync(dirname(this.path), 'r');
    fsyncSync(folder);
    closeSync(folder);
  }

  get #backup(): string {
    return `${this.path}.bak`;
  }

  #open(): number | undefined {
    try {
      return openSync(this.path, 'r');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** What the file before said, where this one does not hold all that it was replaced by. */
  #missing(read: readonly (Change | Header | undefined)[]): Change[] {
    const [first] = read;
    const whole =
      first?.kind === 'header' &&
      read.length > first.lines &&
      !read.slice(0, first.lines + 1).includes(undefined);
    if (whole) return [];
    let before: readonly (Change | Header | undefined)[] = [];
    try {
      statSync(this.#backup);
      const backup = new FileJournal(this.#backup, this.log);
      before = backup.readOn().changes;
      this.#warn(`is damaged. Its backup ${this.#backup} was read for what is missing`);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      this.#warn('is damaged at its start and has no backup. What could be read of it is used');
    }
    return before.filter((line) => line !== undefined && line.kind !== 'header') as Change[];
  }

  #warn(problem: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.log.warn(`Schedule file ${this.path} ${problem}.`);
  }
}

function lineOf(content: Change | Header): string {
  const text = JSON.stringify(content);
  return `${checksum(text)} ${text}\n`;
}

/** Undefined for a damaged line. */
function linesOf(bytes: Buffer): (Change | Header | undefined)[] {
  const lines = bytes.toString().split('\n').slice(0, -1);
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const text = line.slice(9);
      return line.slice(0, 9) === `${checksum(text)} ` ? (JSON.parse(text) as Change | Header) : undefined;
    });
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
