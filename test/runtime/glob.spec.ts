import { describe, expect, it } from 'vitest';
import { compileGlob } from '../../lib/runtime/glob.js';

describe('compileGlob', () => {
  it.each([
    ['*', 'mail.send', true],
    ['*', '', true],
    ['mail.*', 'mail.send', true],
    ['mail.*', 'mail.', true],
    ['mail.*', 'mail', false],
    ['mail.*', 'email.send', false],
    ['*.send', 'mail.send', true],
    ['*.send', 'mail.send.now', false],
    ['m*l.*d', 'mail.send', true],
    ['*a*b*c*', 'xxaxxbxxc', true],
    ['*a*b*c*', 'xxaxxcxxb', false],
    ['mail.sen?', 'mail.send', true],
    ['mail.sen?', 'mail.sen', false],
    ['[mf]ail', 'fail', true],
    ['[mf]ail', 'bail', false],
    ['[a-f]ail', 'fail', true],
    ['[!a-f]ail', 'fail', false],
    ['[!a-f]ail', 'mail', true],
    ['[]x]', ']', true],
    ['[a-]', '-', true],
    ['[mail', '[mail', true],
    ['a.b', 'axb', false],
    ['Mail.*', 'mail.send', false],
    ['mail', 'mail\n', false],
  ])('%s on %j: %s', (pattern, text, expected) => {
    expect(compileGlob(pattern)(text)).toBe(expected);
  });

  it('takes linear time for each star on a text made to be slow', () => {
    const match = compileGlob(`${'*a'.repeat(100)}b`);
    const startedMs = performance.now();
    expect(match('a'.repeat(1024))).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(200);
  });

  it('matches no text that is too long for a name', () => {
    expect(compileGlob('*')('a'.repeat(1025))).toBe(false);
  });
});
