import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import ts from 'typescript';

/** Path from the top of the repository → text. */
export type Sources = ReadonlyMap<string, string>;

/** File → what it imports: files by their path, packages by their name. `import type`, `import()` and re-exports count. */
export type SourceGraph = ReadonlyMap<string, readonly string[]>;

export function sourcesUnder(folder: string): Sources {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file.replaceAll('\\', '/')))
    .toSorted();
  return new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
}

export function graphOf(sources: Sources): SourceGraph {
  return new Map([...sources].map(([file, text]) => [file, importsOf(file, text)]));
}

export function isFile(imported: string): boolean {
  return imported.endsWith('.ts');
}

function importsOf(file: string, text: string): readonly string[] {
  const specifiers = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  return [...new Set(specifiers.map((specifier) => resolved(file, specifier)))];
}

function resolved(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return join(dirname(file), specifier).replace(/\.js$/, '.ts');
  if (specifier.startsWith('node:')) return specifier;
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}
