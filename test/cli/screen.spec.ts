import { expect, it } from 'vitest';
import { openScreen } from '../../lib/cli/screen.js';
import { recordingTerminal } from './recording-terminal.js';

const RESTORED = '\u001B[?7h\u001B[?25h\u001B[?1049l';

it('a screen is written over, cut to the terminal in both directions, and given back as it was', () => {
  const { terminal, written } = recordingTerminal({ isScreen: true, columns: 10, rows: 3 });
  {
    using screen = openScreen({ terminal, interrupted: new AbortController().signal });
    // The terminal itself cuts what is too wide, from here on.
    expect(written.out).toContain('\u001B[?7l');
    written.out = '';
    screen.show(['a line that is wider than the terminal', 'two', 'three']);
    expect(written.out).toContain('two');
    expect(written.out).not.toContain('three');
  }
  expect(written.out.endsWith(RESTORED)).toBe(true);
});
