import { expect, it } from 'vitest';
import { printable } from '../../lib/worker/printable.js';

it.each([
  ['plain text, äöü 日本 🎉', 'plain text, äöü 日本 🎉'],
  ['two\nlines', 'two\\nlines'],
  ['\u001b[31mred', '\\u{1b}[31mred'],
  ['right\u202eleft', 'right\\u{202e}left'],
  ['sep\u2028arator', 'sep\\u{2028}arator'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

it('cuts what is too long', () => {
  expect(printable('x'.repeat(50), 10)).toBe('xxxxxxxxxx...');
});
