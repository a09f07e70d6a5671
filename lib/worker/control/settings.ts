import type { Fields } from '../../control/record.js';
import { saferepr } from '../../message/saferepr.js';
import { redactUrl } from '../../runtime/redact-url.js';

/** As Celery's: values under such names are nobody's business. */
const SECRET = /api|token|(?<!routing_|routing)key|secret|pass|signature|database|credential|auth/i;
const MASK = '********';
const MAX_DEPTH = 6;
const MOST_ITEMS = 1_000;

/** Settings that can be shown: secrets and passwords in URLs masked, what has no form in JSON as text. */
export function maskedSettings(settings: Fields): Fields {
  return masked(settings, 0) as Fields;
}

function masked(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return redactUrl(value);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'undefined':
      return null;
    case 'object':
      return value === null ? null : maskedObject(value, depth);
    case 'function':
      return `<function ${value.name || 'anonymous'}>`;
    default:
      return String(value);
  }
}

function maskedObject(value: object, depth: number): unknown {
  if (depth >= MAX_DEPTH) return '...';
  if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map((item) => masked(item, depth + 1));
  if (value instanceof RegExp) return String(value);
  if (value instanceof Map) return masked(Object.fromEntries(value), depth);
  if (value instanceof Set) return masked([...value], depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return saferepr(value);
  const members = Object.entries(value).slice(0, MOST_ITEMS);
  return Object.fromEntries(
    members.map(([name, member]) => [
      name,
      SECRET.test(name) && member !== undefined ? MASK : masked(member, depth + 1),
    ]),
  );
}
