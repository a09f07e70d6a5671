import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Type } from '@nestjs/common';
import { InvalidOptionError } from '../errors.js';
import { nearest } from '../runtime/nearest.js';

/** Where the application's module is: a file, and what to take from it. */
export interface ModulePlace {
  readonly file: string;
  /** Undefined: the default export, `AppModule`, or the one module there is. */
  readonly exported: string | undefined;
  /** What said so, for messages. */
  readonly from: string;
}

/** `dist/app.module.js#AppModule`. @throws InvalidOptionError when there is no such file */
export function readModulePlace(written: string, folder: string): ModulePlace {
  const hash = written.lastIndexOf('#');
  const path = hash === -1 ? written : written.slice(0, hash);
  const file = isAbsolute(path) ? path : resolve(folder, path);
  if (/\.[cm]?ts$/.test(path)) {
    throw new InvalidOptionError(
      '--app',
      `${JSON.stringify(path)} is TypeScript. Name what it compiles to, such as dist/app.module.js.`,
    );
  }
  if (!existsSync(file)) {
    throw new InvalidOptionError(
      '--app',
      `there is no file ${JSON.stringify(path)}. Is the application built (nest build)?`,
    );
  }
  return { file, exported: hash === -1 ? undefined : written.slice(hash + 1), from: '--app' };
}

/** Where `nest build` puts the module, by nest-cli.json and the tsconfig it names; undefined when it is not there. */
export function moduleOfProject(folder: string): ModulePlace | undefined {
  const project = readJson(join(folder, 'nest-cli.json'));
  if (project === undefined) return undefined;
  const outDir = outDirOf(folder, project);
  const root = text(project['sourceRoot']) ?? 'src';
  const inside = root.split('/').filter((part) => part !== 'src' && part !== '.');
  const candidates = [
    join(outDir, 'app.module.js'),
    join(outDir, root, 'app.module.js'),
    join(outDir, ...inside, 'app.module.js'),
    join(outDir, ...inside, 'src', 'app.module.js'),
  ];
  const file = candidates.map((path) => resolve(folder, path)).find((path) => existsSync(path));
  return file === undefined ? undefined : { file, exported: undefined, from: 'nest-cli.json' };
}

/** Runs the file. @throws InvalidOptionError when it holds no module, naming what it holds; what the file throws */
export async function loadModule({ file, exported }: ModulePlace, folder: string): Promise<Type> {
  const shown = relative(folder, file);
  const found = allExports(await imported(file, shown));
  const classes = new Map([...found].filter((each): each is [string, Type] => isClass(each[1])));
  if (exported !== undefined) {
    const named = classes.get(exported);
    if (named !== undefined) return named;
    const meant = nearest(exported, classes.keys());
    throw new InvalidOptionError(
      '--app',
      `${shown} exports no class ${JSON.stringify(exported)}.` +
        (meant === undefined ? ` It exports: ${listed([...found.keys()])}` : ` Did you mean ${meant}?`),
    );
  }
  const chosen = classes.get('default') ?? classes.get('AppModule');
  if (chosen !== undefined) return chosen;
  const modules = [...new Set([...classes.values()].filter(isModule))];
  const [only] = modules;
  if (only !== undefined && modules.length === 1) return only;
  const names = [...classes].filter(([, each]) => isModule(each)).map(([name]) => name);
  throw new InvalidOptionError(
    '--app',
    names.length === 0
      ? `${shown} exports no module. It exports: ${listed([...found.keys()])}`
      : `${shown} exports several modules: ${names.join(', ')}. Say which: ${shown}#${names[0]}`,
  );
}

async function imported(file: string, shown: string): Promise<object> {
  try {
    return (await import(pathToFileURL(file).href)) as object;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InvalidOptionError('--app', `${shown}, or what it imports, is no JavaScript: ${error.message}`);
  }
}

/** With those of a CommonJS file, which come as the default export. */
function allExports(namespace: object): Map<string, unknown> {
  const byDefault: unknown = Reflect.get(namespace, 'default');
  const inside = typeof byDefault === 'object' && byDefault !== null ? Object.entries(byDefault) : [];
  return new Map([...inside, ...Object.entries(namespace)].filter(([name]) => !name.startsWith('__')));
}

function isClass(value: unknown): value is Type {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

/** Nest's own mark of a module, where one of the four lists was given. */
function isModule(value: Type): boolean {
  const metadata: unknown = Reflect.get(Reflect, 'getMetadataKeys');
  const keys: unknown = typeof metadata === 'function' ? metadata.call(Reflect, value) : [];
  return (
    Array.isArray(keys) &&
    ['imports', 'providers', 'controllers', 'exports'].some((key) => keys.includes(key))
  );
}

function outDirOf(folder: string, project: Readonly<Record<string, unknown>>): string {
  const compiler = record(project['compilerOptions']);
  const configs = [text(compiler?.['tsConfigPath']), 'tsconfig.build.json', 'tsconfig.json'];
  for (const config of configs) {
    if (config === undefined) continue;
    const file = join(folder, config);
    if (!existsSync(file)) continue;
    // A tsconfig may hold comments, so it is no JSON; this one word is all that is needed.
    const found = /"outDir"\s*:\s*"([^"]+)"/.exec(readFileSync(file, 'utf8'))?.[1];
    if (found !== undefined) return found;
  }
  return 'dist';
}

function readJson(file: string): Readonly<Record<string, unknown>> | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return record(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.join(', ');
}
