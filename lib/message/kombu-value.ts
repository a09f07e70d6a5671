import { InvalidOptionError } from '../errors.js';
import { parseCeleryDate } from './celery-date.js';

export type KombuType = 'decimal' | 'uuid' | 'date' | 'time';

/**
 * A Python value that JavaScript has no type for, kept as its text: a decimal, a UUID, a date or a time of day. Sent
 * with its type (kombu's `__type__` form), so that Python gets the value itself. `String(value)` gives the text.
 */
export class KombuValue {
  private constructor(
    readonly type: KombuType,
    /** As Python's `str()` writes it. */
    readonly text: string,
  ) {
    Object.freeze(this);
  }

  /** @param text for example `1.50`, `1E+3`, `NaN` */
  static decimal(text: string): KombuValue {
    return KombuValue.#checked('decimal', text, 'a decimal number such as 1.50');
  }
  /** @param text 32 hexadecimal digits, with dashes or without */
  static uuid(text: string): KombuValue {
    const hex = text.replaceAll('-', '').toLowerCase();
    const dashed = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    return KombuValue.#checked('uuid', dashed, 'a UUID');
  }
  /** @param text `YYYY-MM-DD` */
  static date(text: string): KombuValue {
    return KombuValue.#checked('date', text, 'a date such as 2024-01-02');
  }
  /** @param text `HH:MM:SS` with an optional fraction and offset */
  static time(text: string): KombuValue {
    return KombuValue.#checked('time', text, 'a time such as 03:04:05');
  }

  /** Undefined when the text is none of its type. For what comes from the wire. */
  static parse(type: KombuType, text: string): KombuValue | undefined {
    try {
      return KombuValue[type](text);
    } catch {
      return undefined;
    }
  }

  static #checked(type: KombuType, text: string, expected: string): KombuValue {
    if (IS_VALID[type](text)) return new KombuValue(type, text);
    throw new InvalidOptionError(
      `KombuValue.${type}`,
      `expected ${expected}, got ${JSON.stringify(text.slice(0, 80))}`,
    );
  }

  toString(): string {
    return this.text;
  }
  toJSON(): string {
    return this.text;
  }
}

const DECIMAL = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,6})?|inf(?:inity)?|s?nan\d*)$/i;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{2}:\d{2}(?::\d{2}(?:\.\d{3}(?:\d{3})?)?)?(?:[+-]\d{2}:\d{2}(?::\d{2}(?:\.\d{6})?)?)?$/;

/** What Python refuses is not sent: it would make the whole message unreadable there. */
const IS_VALID: Readonly<Record<KombuType, (text: string) => boolean>> = {
  decimal: (text) => text.length <= 4300 && DECIMAL.test(text),
  uuid: (text) => UUID.test(text),
  date: (text) => DATE.test(text) && parseCeleryDate(text) !== undefined,
  time: (text) => TIME.test(text) && parseCeleryDate(`2000-01-01T${text.slice(0, 8)}`) !== undefined,
};
