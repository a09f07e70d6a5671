import { describe, expect, it } from 'vitest';
import { drawDot, drawMermaid } from '../../lib/runtime/picture.js';

describe('a picture', () => {
  const label = ['say "no"\n\\ <b>', 'x'.repeat(1_000)];
  const hostile = { boxes: [{ id: 'a"];\n--> b', label, round: false }], arrows: [] };

  it('lets no text out of its label', () => {
    const long = `${'x'.repeat(119)}…`;
    expect(drawMermaid(hostile)).toBe(`flowchart TD\n  n0["say #34;no#34; \\ #60;b#62;<br/>${long}"]\n`);
    expect(drawDot(hostile)).toBe(
      `digraph {\n  node [shape=box];\n  n0 [label="say \\"no\\" \\\\ <b>\\n${long}"];\n}\n`,
    );
  });
});
