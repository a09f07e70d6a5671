import { KombuValue } from './kombu-value.js';

/** Longest text, characters: the budget of Celery's `saferepr`. */
const BUDGET = 1024;
const MAX_DEPTH = 3;
/** Names whose values are no business of a log or a monitor. */
const SECRET =
  /passw(?:or)?d|passphrase|secret|token|authorization|cookie|credential|api_?key|private_?key|card_?number|^cvv$|^ssn$/i;

/** Python's repr of an argument list, as a tuple: `(1, 'a')`, `(1,)`, `()`. At most about 1024 characters; the work is bounded alike. */
export function argsrepr(args: readonly unknown[]): string {
  const writer = new ReprWriter();
  writer.sequence(args, '(', args.length === 1 ? ',)' : ')', 1);
  return writer.text();
}

/** Python's repr of keyword arguments; values under names such as `password` are shown as `[redacted]`. */
export function kwargsrepr(kwargs: Readonly<Record<string, unknown>>): string {
  return saferepr(kwargs);
}

/** Python's repr of a value, bounded. Objects of classes are shown by their class only. */
export function saferepr(value: unknown): string {
  const writer = new ReprWriter();
  writer.value(value, 0);
  return writer.text();
}

class ReprWriter {
  #written = '';

  get #full(): boolean {
    return this.#written.length > BUDGET;
  }

  text(): string {
    // A pair of surrogates may have been cut in two; Python cannot print the half.
    return (this.#full ? `${this.#written.slice(0, BUDGET)}...` : this.#written).toWellFormed();
  }

  value(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        return this.#put(quoted(value));
      case 'number':
        return this.#put(numberRepr(value));
      case 'bigint':
        return this.#put(value.toString());
      case 'boolean':
        return this.#put(value ? 'True' : 'False');
      case 'undefined':
        return this.#put('None');
      case 'object':
        return value === null ? this.#put('None') : this.#safely(value, depth);
      default:
        return this.#put(`<${typeof value}>`);
    }
  }

  /** A getter or a proxy may throw. */
  #safely(value: object, depth: number): void {
    try {
      this.#object(value, depth);
    } catch {
      this.#put('<unreadable>');
    }
  }

  sequence(items: readonly unknown[], open: string, close: string, depth: number): void {
    this.#put(open);
    for (let index = 0; index < items.length && !this.#full; index += 1) {
      if (index > 0) this.#put(', ');
      this.value(items[index], depth);
    }
    this.#put(close);
  }

  #object(value: object, depth: number): void {
    if (Array.isArray(value)) {
      return depth >= MAX_DEPTH && value.length > 0
        ? this.#put('[...]')
        : this.sequence(value, '[', ']', depth + 1);
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return this.#put(instanceRepr(value));
    if (depth >= MAX_DEPTH) return this.#put('{...}');
    this.#put('{');
    let first = true;
    for (const key in value) {
      if (this.#full) break;
      this.#put(`${first ? '' : ', '}${quoted(key)}: `);
      first = false;
      if (SECRET.test(key)) this.#put('[redacted]');
      else this.value(Reflect.get(value, key), depth + 1);
    }
    this.#put('}');
  }

  #put(text: string): void {
    if (!this.#full) this.#written += text;
  }
}

function quoted(text: string): string {
  const short = text.length > BUDGET ? text.slice(0, BUDGET + 1) : text;
  // Most have none, and looking is cheaper than replacing nothing.
  return short.includes("'") ? `'${short.replaceAll("'", String.raw`\'`)}'` : `'${short}'`;
}

/** Python turns to an exponent sooner than JavaScript, and writes it with two digits. */
function numberRepr(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (value === 0 || Number.isSafeInteger(value) || (size >= 1e-4 && size < 1e16)) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Never calls a method of the object. */
function instanceRepr(value: object): string {
  if (value instanceof Date) return dateRepr(value);
  if (value instanceof KombuValue) return kombuRepr(value);
  if (value instanceof Uint8Array) return `<${value.byteLength} bytes>`;
  const constructor: unknown = Reflect.get(value, 'constructor');
  return `<${typeof constructor === 'function' ? constructor.name.slice(0, 100) : 'object'}>`;
}

function dateRepr(date: Date): string {
  if (Number.isNaN(date.getTime())) return '<invalid Date>';
  const minutes = [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
  ];
  const second = date.getUTCSeconds();
  const ms = date.getUTCMilliseconds();
  const rest = ms ? `, ${second}, ${ms * 1000}` : second ? `, ${second}` : '';
  return `datetime.datetime(${minutes.join(', ')}${rest}, tzinfo=datetime.timezone.utc)`;
}

function kombuRepr({ type, text }: KombuValue): string {
  if (type === 'decimal') return `Decimal('${text}')`;
  if (type === 'uuid') return `UUID('${text}')`;
  return `datetime.${type}(${text})`;
}
