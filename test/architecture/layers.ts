import { isFile, type SourceGraph } from './source-graph.js';

/** The drawing in the README, from the ground up. A name is a folder of `lib/`, or a file in it without its `.ts`. */
export const ROWS: readonly (readonly string[])[] = [
  ['errors', 'tokens'],
  ['runtime'],
  // `redis` is the connection that the Redis broker and the Redis backend are both built on.
  ['message', 'redis'],
  ['broker', 'backend', 'task'],
  ['canvas', 'events', 'hooks', 'control', 'result'],
  ['producer', 'context'],
  ['client', 'worker', 'beat'],
  ['nest', 'monitor'],
  ['cli', 'testing', 'index'],
];

/** The part of `lib/` a file belongs to: its folder, or itself. */
export function partOf(file: string): string {
  return (file.split('/')[1] ?? '').replace(/\.ts$/, '');
}

export function rowOf(part: string): number {
  return ROWS.findIndex((row) => row.includes(part));
}

/** Imports from the importer's own row or a higher one, outside its own part: `a.ts → b.ts`. */
export function upwardImports(graph: SourceGraph): string[] {
  return [...graph].flatMap(([file, imports]) =>
    imports
      .filter((imported) => isFile(imported) && partOf(imported) !== partOf(file))
      .filter((imported) => rowOf(partOf(imported)) >= rowOf(partOf(file)))
      .map((imported) => `${file} → ${imported}`),
  );
}

/** Circles of imports, each once: `a.ts → b.ts → a.ts`. */
export function cycles(graph: SourceGraph): string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const begins = path.indexOf(file);
    if (begins !== -1) found.add(drawn(path.slice(begins)));
    if (begins !== -1 || done.has(file)) return;
    path.push(file);
    for (const imported of graph.get(file) ?? []) if (isFile(imported)) visit(imported);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return [...found];
}

/** From its alphabetically first file, so that a circle reads the same wherever it was entered. */
function drawn(circle: readonly string[]): string {
  const start = circle.indexOf(circle.toSorted()[0] ?? '');
  const [first = '', ...rest] = [...circle.slice(start), ...circle.slice(0, start)];
  return [first, ...rest, first].join(' → ');
}
