/** Boxes and arrows, to be written in the language of a drawing program. */
export interface Picture {
  readonly boxes: readonly Box[];
  /** From a box to a box, by their ids. */
  readonly arrows: readonly { readonly from: string; readonly to: string }[];
}

export interface Box {
  readonly id: string;
  /** One or more lines. */
  readonly label: readonly string[];
  /** A round one stands for things put together. */
  readonly round: boolean;
}

/** In the language of Graphviz. */
export function drawDot({ boxes, arrows }: Picture): string {
  const nameOf = names(boxes);
  const drawn = boxes.map(
    ({ id, label, round }) =>
      `  ${nameOf(id)} [label="${label.map(inDot).join('\\n')}"${round ? ', shape=ellipse' : ''}];`,
  );
  const lines = arrows.map(({ from, to }) => `  ${nameOf(from)} -> ${nameOf(to)};`);
  return ['digraph {', '  node [shape=box];', ...drawn, ...lines, '}', ''].join('\n');
}

/** In the language of Mermaid. */
export function drawMermaid({ boxes, arrows }: Picture): string {
  const nameOf = names(boxes);
  const drawn = boxes.map(({ id, label, round }) => {
    const text = `"${label.map(inMermaid).join('<br/>')}"`;
    return `  ${nameOf(id)}${round ? `(${text})` : `[${text}]`}`;
  });
  const lines = arrows.map(({ from, to }) => `  ${nameOf(from)} --> ${nameOf(to)}`);
  return ['flowchart TD', ...drawn, ...lines, ''].join('\n');
}

/** Ids may hold anything; what stands for them in the drawing holds a number. */
function names(boxes: readonly Box[]): (id: string) => string {
  const numbers = new Map(boxes.map(({ id }, index) => [id, index]));
  return (id) => `n${numbers.get(id) ?? ''}`;
}

/** Labels are text from anywhere: no line break, nothing that ends them, no end without end. */
const LONGEST_LABEL = 120;

function plain(text: string): string {
  const short = text.length > LONGEST_LABEL ? `${text.slice(0, LONGEST_LABEL - 1)}…` : text;
  return short.toWellFormed().replace(/\p{Cc}+/gu, ' ');
}

function inDot(text: string): string {
  return plain(text).replace(/["\\]/g, '\\$&');
}

function inMermaid(text: string): string {
  return plain(text).replace(/["#<>&]/g, (unit) => `#${unit.charCodeAt(0)};`);
}
