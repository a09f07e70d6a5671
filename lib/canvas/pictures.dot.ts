import { unreachable } from '../runtime/unreachable.js';
import type { Part } from './fit.types.js';
import { COLOURS } from './pictures.colours.js';
import { drawn, shortened, type Edge, type PictureOptions, type Shape } from './pictures.js';

/**
 * A canvas in Graphviz's language. Names are escaped; the same canvas gives the same text.
 * @example writeFileSync('workflow.dot', toDot(chain(mail.render.s('a'), mail.send.s()))); // dot -Tsvg workflow.dot
 * @throws InvalidCanvasError for what is no canvas, is too deep or holds itself
 */
export function toDot(canvas: Part, options?: PictureOptions): string {
  const { direction, content, edges } = drawn(canvas, options);
  const lines = [
    'digraph canvas {',
    `  rankdir=${direction};`,
    '  node [shape=box, style="rounded,filled", fillcolor="#ffffff"];',
    ...content.flatMap((shape) => shapeLines(shape, '  ')),
    ...edges.map((edge) => `  ${edgeLine(edge)}`),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

function shapeLines(shape: Shape, indent: string): readonly string[] {
  switch (shape.kind) {
    case 'task': {
      const { id, name, state } = shape;
      const label = state === undefined ? escaped(name) : `${escaped(name)}\\n${escaped(state)}`;
      const colours = state === undefined ? undefined : COLOURS.get(state);
      const fill = colours === undefined ? '' : `, fillcolor="${colours.fill}", color="${colours.line}"`;
      return [`${indent}${id} [label="${label}"${fill}];`];
    }
    case 'note':
      return [`${indent}${shape.id} [label="${escaped(shape.text)}", shape=note];`];
    case 'join':
      return [`${indent}${shape.id} [label="", shape=circle, width=0.15];`];
    case 'box':
      return [
        `${indent}subgraph cluster_${shape.id} {`,
        `${indent}  label="${escaped(shape.title)}";`,
        ...shape.content.flatMap((inner) => shapeLines(inner, `${indent}  `)),
        `${indent}}`,
      ];
    default:
      return unreachable(shape);
  }
}

function edgeLine({ from, to, label }: Edge): string {
  return label === undefined ? `${from} -> ${to};` : `${from} -> ${to} [label="${label}", style=dashed];`;
}

/** Graphviz reads backslashes and HTML entities in a label. */
function escaped(text: string): string {
  return shortened(text).replaceAll('&', '&amp;').replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
