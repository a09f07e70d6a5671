import { describe, expect, it } from 'vitest';
import { jsonOf, Output } from '../../lib/cli/output.js';
import { cutTo, tableLines, tsvLines } from '../../lib/cli/table.js';
import { wantsColours } from '../../lib/cli/terminal.js';
import { recordingTerminal } from './recording-terminal.js';

const COLUMNS = [{ title: 'QUEUE' }, { title: 'READY', align: 'right' }] as const;
const plain = (_: string, text: string): string => text;

describe('a table', () => {
  it('stands in columns, numbers to the right, without trailing blanks', () => {
    const rows = [
      ['mail', '3'],
      ['reports', '12345678'],
    ];
    expect(tableLines(COLUMNS, rows, 80, plain)).toEqual([
      'QUEUE       READY',
      'mail            3',
      'reports  12345678',
    ]);
  });

  it('fits the screen: texts are cut, numbers are not', () => {
    const lines = tableLines(COLUMNS, [['a.very.long.queue.name', '1234567']], 20, plain);
    expect(lines).toEqual(['QUEUE          READY', 'a.very.lon…  1234567']);
  });

  it('counts wide signs as the terminal shows them', () => {
    expect(tableLines(COLUMNS, [['郵便', '1']], 80, plain)).toEqual(['QUEUE  READY', '郵便       1']);
    expect(cutTo('郵便配達', 5)).toBe('郵便…');
  });

  it('paints whole cells, and is not shifted by it', () => {
    const painted = tableLines(
      COLUMNS,
      [[{ text: 'mail', style: 'red' }, '3']],
      80,
      (style, text) => `<${style}>${text}`,
    );
    expect(painted).toEqual(['<bold>QUEUE  <bold>READY', '<red>mail       3']);
  });

  it('shows nothing that a terminal would obey', () => {
    expect(tsvLines([['a\tb\nc', '\u001B[2J']])).toEqual(['a\\u{9}b\\nc\t\\u{1b}[2J']);
    expect(tableLines([{ title: 'A' }], [['\u001B[2J']], 80, plain)).toEqual(['A', '\\u{1b}[2J']);
  });
});

describe('output', () => {
  const options = { json: false, quiet: false, colours: false };

  it('is a table on a screen, tab-separated without a heading elsewhere, JSON where asked for', () => {
    const said = (isScreen: boolean, json: boolean): string => {
      const { terminal, written } = recordingTerminal({ isScreen });
      new Output(terminal, { ...options, json }).table([{ name: 'mail' }], COLUMNS, [['mail', '3']]);
      return written.out;
    };
    expect(said(true, false)).toBe('QUEUE  READY\nmail       3\n');
    expect(said(false, false)).toBe('mail\t3\n');
    expect(JSON.parse(said(true, true))).toEqual([{ name: 'mail' }]);
  });

  it('tells notes and warnings on stderr only, and none of them when quiet', () => {
    const { terminal, written } = recordingTerminal();
    const output = new Output(terminal, options);
    output.note('a note');
    output.warn('a warning');
    output.error('an error');
    new Output(terminal, { ...options, quiet: true }).note('hidden');
    expect(written).toEqual({ out: '', err: 'a note\nWarning: a warning\nError: an error\n' });
  });

  it('has colours by the terminal and the environment', () => {
    const { terminal } = recordingTerminal();
    expect(new Output(terminal, { ...options, colours: true }).paint('red', 'x')).toBe(
      '\u001B[31mx\u001B[39m',
    );
    expect(new Output(terminal, options).paint('red', 'x')).toBe('x');
    expect(wantsColours({}, true)).toBe(true);
    expect(wantsColours({}, false)).toBe(false);
    expect(wantsColours({ NO_COLOR: '1', FORCE_COLOR: '1' }, true)).toBe(false);
    expect(wantsColours({ NO_COLOR: '' }, true)).toBe(true);
    expect(wantsColours({ FORCE_COLOR: '1' }, false)).toBe(true);
    expect(wantsColours({ FORCE_COLOR: '0' }, true)).toBe(false);
  });

  it('writes large integers as text', () => {
    expect(jsonOf({ id: 2n ** 60n, nothing: undefined }, 0)).toBe('{"id":"1152921504606846976"}');
    expect(jsonOf(undefined)).toBe('null');
  });
});
