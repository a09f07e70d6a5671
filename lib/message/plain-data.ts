import { EncodeError } from '../errors.js';

/**
 * What is written in place of an object that JSON has no form for: `replacement` is looked at again, a `leaf` is written
 * as it is. Undefined: nothing special about it.
 */
export type Replace = (
  value: object,
) => { readonly replacement: unknown } | { readonly leaf: unknown } | undefined;

/** Deeper values are refused: they are cyclic, or readers would refuse them. */
const MAX_DEPTH = 200;

/** True when `JSON.stringify` writes the value without loss. Most values are, and this is all they pay. */
export function isPlainData(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return true;
    case 'number':
      return Number.isFinite(value) && !isUnsafeInteger(value);
    case 'object':
      if (value === null) return true;
      return depth <= MAX_DEPTH && isPlainObject(value, depth);
    default:
      return false;
  }
}

function isPlainObject(value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    for (const item of value) if (!isPlainData(item, depth + 1)) return false;
    return true;
  }
  if (!isPlain(value)) return false;
  for (const name in value) {
    if (name === '__proto__' || !isPlainData(Reflect.get(value, name), depth + 1)) return false;
  }
  return true;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * The value with only lists, plain objects, text, numbers (NaN, Infinity and bigint among them), booleans, null and leaves in it.
 * Undefined members are left out, undefined items become null.
 * @throws EncodeError naming the path of what cannot be written
 */
export function toPlainData(value: unknown, replace: Replace | undefined): unknown {
  return new Plainer(replace).plain(value, 0);
}

class Plainer {
  readonly #path: (string | number)[] = [];

  constructor(private readonly replace: Replace | undefined) {}

  plain(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'undefined':
        return null;
      case 'function':
      case 'symbol':
        return this.#refuse(`it is a ${typeof value}. Pass data instead`);
      case 'object':
        return value === null ? null : this.#object(value, depth);
      default:
        return value;
    }
  }

  #object(value: object, depth: number): unknown {
    if (depth > MAX_DEPTH) this.#refuse(`it is cyclic or nested deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(value)) return Array.from(value, (item, index) => this.#at(index, item, depth));
    if (!isPlain(value)) {
      const replaced = this.#attempt(() => this.replace?.(value));
      if (replaced !== undefined) {
        return 'leaf' in replaced ? replaced.leaf : this.plain(replaced.replacement, depth + 1);
      }
      const why = whyOpaque(value);
      if (why !== undefined) this.#refuse(why);
    }
    if (hasToJson(value)) {
      const said = this.#attempt(() => value.toJSON());
      return this.plain(said, depth + 1);
    }
    const members: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(value)) {
      if (name === '__proto__') this.#refuse('a "__proto__" key is refused by its readers');
      if (member !== undefined) members[name] = this.#at(name, member, depth);
    }
    return members;
  }

  #at(step: string | number, value: unknown, depth: number): unknown {
    this.#path.push(step);
    const plain = this.plain(value, depth + 1);
    this.#path.pop();
    return plain;
  }

  #attempt<T>(write: () => T): T {
    try {
      return write();
    } catch (cause) {
      return this.#refuse(cause instanceof Error ? cause.message : 'its type cannot write it', cause);
    }
  }

  #refuse(reason: string, cause?: unknown): never {
    throw new EncodeError(pathText(this.#path), reason, cause);
  }
}

/** Numbers that JavaScript writes like integers, and that would be read back as bigint. */
export function isUnsafeInteger(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21;
}

/** Why an object's members do not say what it holds; undefined when they do. */
function whyOpaque(value: object): string | undefined {
  if (value instanceof Map || value instanceof Set) {
    return `it is a ${value.constructor.name}. Pass a plain object or an array instead`;
  }
  if (value instanceof Promise) return 'it is a Promise. Await it first';
  if (value instanceof Error) return 'it is an Error. Throw it, or pass its message';
  if (value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef)
    return 'it holds weak references';
  return undefined;
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return typeof Reflect.get(value, 'toJSON') === 'function';
}

const SHOWN_STEPS = 8;

/** `$[0].order.items[3]`; `$` is the whole value. */
function pathText(path: readonly (string | number)[]): string {
  const shown = path
    .slice(0, SHOWN_STEPS)
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`));
  return `$${shown.join('')}${path.length > SHOWN_STEPS ? '…' : ''}`;
}
