import { unreachable } from '../runtime/unreachable.js';
import type { Part } from './fit.types.js';
import { COLOURS } from './pictures.colours.js';
import { drawn, shortened, type Edge, type PictureOptions, type Shape } from './pictures.js';

/**
 * A canvas as a Mermaid flowchart, for documents, pull requests and dashboards. Names are escaped; the same canvas gives the
 * same text.
 *
 * @example
 * console.log(toMermaid(chain(mail.render.s('a'), group(mail.send.s(), audit.note.s()))));
 * // Of a running workflow, its task ids given ahead:
 * toMermaid(canvas, { stateOf: ({ taskId }) => states.get(taskId) });
 * @throws InvalidCanvasError for what is no canvas, is too deep or holds itself
 */
export function toMermaid(canvas: Part, options?: PictureOptions): string {
  const { direction, content, edges } = drawn(canvas, options);
  const states = new Set<string>();
  const lines = [`flowchart ${direction}`, ...content.flatMap((shape) => shapeLines(shape, '  ', states))];
  for (const edge of edges) lines.push(`  ${edgeLine(edge)}`);
  for (const state of states) {
    const colours = COLOURS.get(state);
    if (colours !== undefined)
      lines.push(`  classDef ${state} fill:${colours.fill},stroke:${colours.line},color:#000`);
  }
  return `${lines.join('\n')}\n`;
}

function shapeLines(shape: Shape, indent: string, states: Set<string>): readonly string[] {
  switch (shape.kind) {
    case 'task': {
      const { id, name, state } = shape;
      const label = state === undefined ? escaped(name) : `${escaped(name)}<br/>${escaped(state)}`;
      if (state === undefined || !COLOURS.has(state)) return [`${indent}${id}["${label}"]`];
      states.add(state);
      return [`${indent}${id}["${label}"]:::${state}`];
    }
    case 'note':
      return [`${indent}${shape.id}>"${escaped(shape.text)}"]`];
    case 'join':
      return [`${indent}${shape.id}((" "))`];
    case 'box':
      return [
        `${indent}subgraph ${shape.id} ["${escaped(shape.title)}"]`,
        ...shape.content.flatMap((inner) => shapeLines(inner, `${indent}  `, states)),
        `${indent}end`,
      ];
    default:
      return unreachable(shape);
  }
}

function edgeLine({ from, to, label }: Edge): string {
  return label === undefined ? `${from} --> ${to}` : `${from} -. ${label} .-> ${to}`;
}

/** Anything that is not a letter, a digit or one of a few harmless signs becomes its number. */
function escaped(text: string): string {
  return shortened(text).replace(/[^\p{L}\p{N} .,:/@_…-]/gu, (sign) => `#${sign.codePointAt(0) ?? 0};`);
}
