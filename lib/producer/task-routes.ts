import type { CallOptions } from '../canvas/call.options.js';
import { InvalidOptionError } from '../errors.js';
import { compileGlob } from '../runtime/glob.js';
import { describe, integer, readOptions, text, type Field } from '../runtime/options.js';
import type { TaskDefinition } from '../task/task.definition.js';

/** Where a task goes and how. A bare text is the name of a queue. What the call or the task itself says wins over it. */
export interface Route {
  queue?: string;
  exchange?: string;
  routingKey?: string;
  priority?: number;
  serializer?: string;
  compression?: string;
}

/** Decides by anything about a call; `undefined` or `null` leaves it to the next in line. */
export type RouteFunction = (
  name: string,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  options: CallOptions,
  task: TaskDefinition | undefined,
) => Route | string | null | undefined;

/** A task name, a pattern with `*` (`mail.*`), or a regular expression, which matches anywhere in the name. */
export type RouteKey = string | RegExp;

/** Exact names are looked up first; then patterns and regular expressions in the order they are written. */
export type RouteMap =
  | Readonly<Record<string, Route | string>>
  | ReadonlyMap<RouteKey, Route | string>
  | readonly (readonly [RouteKey, Route | string])[];

/** A map, a function, or a list of them asked in order: the first that has an answer gives the route. */
export type TaskRoutes = RouteMap | RouteFunction | readonly (RouteMap | RouteFunction)[];

/** One of `taskRoutes`, checked and ready to be asked. */
export type PreparedRoute = (
  name: string,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  options: CallOptions,
  task: TaskDefinition | undefined,
) => Readonly<Route> | undefined;

export type PreparedRoutes = readonly PreparedRoute[];

/** Reads `taskRoutes`. */
export const taskRoutes: Field<PreparedRoutes> = (value, path) => {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || isListOfPairs(value)) return [prepare(value, path)];
  return Object.freeze(value.map((each, index) => prepare(each, `${path}[${index}]`)));
};

function isListOfPairs(value: readonly unknown[]): boolean {
  return value.length > 0 && value.every(isPair);
}

function isPair(value: unknown): value is readonly [RouteKey, unknown] {
  return (
    Array.isArray(value) && value.length === 2 && (typeof value[0] === 'string' || value[0] instanceof RegExp)
  );
}

function prepare(value: unknown, path: string): PreparedRoute {
  if (typeof value === 'function') {
    const ask = value as RouteFunction;
    return (...call) => readRoute(ask(...call), `${path}(${call[0]})`);
  }
  if (value instanceof Map) return mapRoute([...value.entries()], path);
  if (Array.isArray(value)) return mapRoute(value, path);
  if (typeof value === 'object' && value !== null) return mapRoute(Object.entries(value), path);
  throw new InvalidOptionError(
    path,
    `expected an object, a Map, a list or a function, got ${describe(value)}`,
  );
}

/** Names may come from the wire: answers for more than these are worked out each time. */
const MOST_KEPT = 1_000;

function mapRoute(entries: readonly unknown[], path: string): PreparedRoute {
  const exact = new Map<string, Readonly<Route>>();
  const patterns: { readonly matches: (name: string) => boolean; readonly route: Readonly<Route> }[] = [];
  for (const entry of entries) {
    if (!isPair(entry))
      throw new InvalidOptionError(path, `expected [name or pattern, route], got ${describe(entry)}`);
    const [key, given] = entry;
    const route = readRoute(given, `${path}[${String(key)}]`);
    if (route === undefined) continue;
    if (typeof key === 'string' && !key.includes('*')) exact.set(key, route);
    else patterns.push({ matches: matcherOf(key), route });
  }
  const answered = new Map<string, Readonly<Route> | undefined>();
  return (name) => {
    const found = exact.get(name);
    if (found !== undefined || patterns.length === 0) return found;
    if (answered.has(name)) return answered.get(name);
    const route = patterns.find(({ matches }) => matches(name))?.route;
    if (answered.size < MOST_KEPT) answered.set(name, route);
    return route;
  };
}

/** A regular expression with `g` or `y` would remember where it stopped, so it is taken without. */
function matcherOf(key: RouteKey): (name: string) => boolean {
  if (typeof key === 'string') return compileGlob(key);
  const stateless = new RegExp(key.source, key.flags.replace(/[gy]/g, ''));
  return (name) => stateless.test(name);
}

function readRoute(value: unknown, path: string): Readonly<Route> | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return Object.freeze({ queue: text('')(value, path) });
  const read = readOptions<RouteFields>(path, value, ROUTE_FIELDS);
  return Object.freeze(Object.fromEntries(Object.entries(read).filter(([, given]) => given !== undefined)));
}

type RouteFields = { readonly [K in keyof Route]-?: Route[K] | undefined };

const ROUTE_FIELDS: { readonly [K in keyof RouteFields]-?: Field<RouteFields[K]> } = {
  queue: text(undefined),
  exchange: text(undefined),
  routingKey: text(undefined),
  priority: integer(undefined, 0, 255),
  serializer: text(undefined),
  compression: text(undefined),
};
