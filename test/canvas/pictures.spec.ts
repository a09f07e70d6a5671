import { describe, expect, it } from 'vitest';
import { chain } from '../../lib/canvas/chain.js';
import { chord } from '../../lib/canvas/chord.js';
import { signature } from '../../lib/canvas/from-dict.js';
import { group } from '../../lib/canvas/group.js';
import { toDot } from '../../lib/canvas/pictures.dot.js';
import { toMermaid } from '../../lib/canvas/pictures.mermaid.js';

const a = signature('a');
const b = signature('b');
const c = signature('c');
const d = signature('d');

describe('toMermaid', () => {
  it('draws a chain from left to right', () => {
    expect(toMermaid(chain(a, b))).toBe('flowchart LR\n  n_0["a"]\n  n_1["b"]\n  n_0 --> n_1\n');
  });

  it('draws a group in a box, and what follows it after all of it', () => {
    expect(toMermaid(chain(a, group(b, c), d), { direction: 'TB' })).toBe(
      [
        'flowchart TB',
        '  n_0["a"]',
        '  subgraph n_1_g ["group"]',
        '    n_1_0["b"]',
        '    n_1_1["c"]',
        '  end',
        '  n_2["d"]',
        '  n_0 --> n_1_0',
        '  n_0 --> n_1_1',
        '  n_1_0 --> n_2',
        '  n_1_1 --> n_2',
        '',
      ].join('\n'),
    );
  });

  it('lets many that wait for many meet', () => {
    const lines = toMermaid(chord([a, b], group(c, d))).split('\n');
    expect(lines).toContain('  n_j1((" "))');
    expect(lines.filter((line) => line.includes('-->'))).toEqual([
      '  n_h_0 --> n_j1',
      '  n_h_1 --> n_j1',
      '  n_j1 --> n_b_0',
      '  n_j1 --> n_b_1',
    ]);
  });

  it('draws callbacks and error callbacks with dashed arrows', () => {
    const text = toMermaid(chain(a, b).link(chain(c, d)).linkError(signature('oh')));
    expect(text).toContain('n_1 -. link .-> n_l0_0\n');
    expect(text).toContain('n_l0_0 --> n_l0_1\n');
    expect(text).toContain('n_1 -. any error .-> n_e0\n');
  });

  it('counts the members it does not draw, and waits for none that come later', () => {
    const wide = toMermaid(group(Array.from({ length: 1_000 }, () => a)), { mostMembers: 2 });
    expect(wide).toContain('n_1["a"]');
    expect(wide).toContain('n_x>"998 more"]');
    let asked = 0;
    const lazy = {
      *[Symbol.iterator]() {
        asked += 1;
        yield a;
      },
    };
    expect(toMermaid(group(lazy))).toContain('members as they come');
    expect(asked).toBe(0);
  });

  it.each([
    ['a"b', 'a#34;b'],
    ['a<b>&#35;', 'a#60;b#62;#38;#35;35#59;'],
    ['`x`]\n--> y', '#96;x#96;#93; --#62; y'],
    ['tâche.é', 'tâche.é'],
    ['a\ud800', 'a#65533;'],
    ['x'.repeat(101), `${'x'.repeat(100)}…`],
  ])('escapes %j', (name, shown) => {
    expect(toMermaid(signature(name))).toBe(`flowchart LR\n  n["${shown}"]\n`);
  });

  it('shows states, those of Celery in colour', () => {
    const canvas = chord([a.set({ taskId: '1' }), b.set({ taskId: '2' })], c);
    const places: string[] = [];
    const text = toMermaid(canvas, {
      stateOf: ({ taskId, place }) => {
        places.push(place);
        return taskId === '1' ? 'SUCCESS' : taskId === '2' ? 'HALF "done"' : undefined;
      },
    });
    expect(places).toEqual(['chord header 0', 'chord header 1', 'chord body']);
    expect(text).toContain('n_h_0["a<br/>SUCCESS"]:::SUCCESS');
    expect(text).toContain('n_h_1["b<br/>HALF #34;done#34;"]\n');
    expect(text).toContain('n_b["c"]\n');
    expect(text.match(/classDef/g)).toHaveLength(1);
  });

  it('refuses what is no canvas', () => {
    expect(() => toMermaid('a' as never)).toThrow('canvas: expected a canvas, such as handle.s()');
  });
});

describe('toDot', () => {
  it('draws the same', () => {
    const text = toDot(chain(a, group(b, c), d).link(signature('e\\"&<')), {
      stateOf: ({ signature: { task } }) => (task === 'a' ? 'FAILURE' : undefined),
    });
    expect(text).toBe(
      [
        'digraph canvas {',
        '  rankdir=LR;',
        '  node [shape=box, style="rounded,filled", fillcolor="#ffffff"];',
        '  n_0 [label="a\\nFAILURE", fillcolor="#ffebee", color="#c62828"];',
        '  subgraph cluster_n_1_g {',
        '    label="group";',
        '    n_1_0 [label="b"];',
        '    n_1_1 [label="c"];',
        '  }',
        '  n_2 [label="d"];',
        '  n_l0 [label="e\\\\\\"&amp;<"];',
        '  n_0 -> n_1_0;',
        '  n_0 -> n_1_1;',
        '  n_1_0 -> n_2;',
        '  n_1_1 -> n_2;',
        '  n_2 -> n_l0 [label="link", style=dashed];',
        '}',
        '',
      ].join('\n'),
    );
  });

  it('draws notes and joins', () => {
    const text = toDot(chord(group(a, b, c), group(a, b)), { mostMembers: 2 });
    expect(text).toContain('n_h_x [label="1 more", shape=note];');
    expect(text).toContain('n_j1 [label="", shape=circle, width=0.15];');
  });
});
