import type { Random } from '../random.js';
import { looseJson, Verbatim, withMember } from './loose-json.js';
import { NAMES, oddValues } from './odd-values.js';

const TOKENS = [
  '"',
  '[',
  '{',
  '}',
  ']',
  '\\',
  ',',
  ':',
  '1e9',
  '-',
  'NaN',
  '__',
  '\0',
  '\ufeff',
  '\\ud800',
  '&a ',
  '*a',
];

/** Changes what is sound, every change from the given random source. What it is given stays as it was. */
export class Mutator {
  readonly #odd: readonly unknown[];

  constructor(readonly random: Random) {
    this.#odd = oddValues(random.between(1, 2 ** 30));
  }

  /** One of the values that are nowhere expected. */
  odd(): unknown {
    return this.random.pick(this.#odd);
  }

  /** A JSON value with something changed somewhere inside. */
  value(value: unknown): unknown {
    const { random } = this;
    if (value instanceof Verbatim || typeof value !== 'object' || value === null) return this.odd();
    if (random.fraction() < 0.8) {
      const keys = Object.keys(value);
      if (keys.length > 0) {
        const key = random.pick(keys);
        const changed = this.value(Reflect.get(value, key));
        return Array.isArray(value)
          ? value.map((item: unknown, index) => (String(index) === key ? changed : item))
          : { ...value, [key]: changed };
      }
    }
    return Array.isArray(value) ? this.#list(value) : this.#object(value);
  }

  #list(list: readonly unknown[]): unknown {
    const { random } = this;
    const at = random.between(0, list.length);
    switch (random.between(0, 5)) {
      case 0:
        return this.odd();
      case 1:
        return list.toSpliced(at, 1);
      case 2:
        return list.toSpliced(at, 0, this.odd());
      case 3:
        return [list];
      case 4:
        return [...list, ...list];
      default:
        return Object.fromEntries(list.entries());
    }
  }

  #object(object: object): unknown {
    const { random } = this;
    const entries = Object.entries(object);
    switch (random.between(0, 6)) {
      case 0:
        return this.odd();
      case 1:
        return Object.fromEntries(entries.toSpliced(random.between(0, entries.length), 1));
      case 2:
        return withMember(object, this.#member(random.pick(NAMES)), random.fraction() < 0.5);
      case 3:
        // Twice the same name.
        return entries.length === 0
          ? [object]
          : withMember(object, this.#member(random.pick(Object.keys(object))), random.fraction() < 0.5);
      case 4:
        return [object];
      case 5:
        return Object.values(object);
      default:
        return new Verbatim(JSON.stringify(looseJson(object)));
    }
  }

  #member(name: string): string {
    return `${JSON.stringify(name)}: ${looseJson(this.odd())}`;
  }

  /** Flips, inserts, repeats, removes or cuts bytes, in one to four places. */
  bytes(bytes: Buffer): Buffer {
    const { random } = this;
    let out = bytes;
    for (let change = random.between(1, 4); change > 0; change -= 1) {
      const at = random.between(0, out.length);
      const to = Math.min(out.length, at + random.between(0, 8));
      const rest = out.subarray(random.fraction() < 0.5 ? at : to);
      out = Buffer.concat([out.subarray(0, at), this.#insert(out.subarray(at, to)), rest]);
      if (random.fraction() < 0.05) out = out.subarray(0, random.between(0, out.length));
    }
    return out;
  }

  #insert(near: Buffer): Buffer {
    const { random } = this;
    switch (random.between(0, 3)) {
      case 0:
        return Buffer.from(Array.from({ length: random.between(1, 3) }, () => random.between(0, 255)));
      case 1:
        return Buffer.concat([near, near]);
      case 2:
        return Buffer.alloc(0);
      default:
        return Buffer.from(random.pick(TOKENS));
    }
  }
}
