/** Text that stands in a document as it is, whether or not it is JSON. */
export class Verbatim {
  constructor(readonly text: string) {}
}

/** JSON, and whatever `Verbatim` puts into it; NaN and infinities as Python writes them. */
export function looseJson(value: unknown): string {
  if (value instanceof Verbatim) return value.text;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(looseJson).join(', ')}]`;
  return `{${Object.entries(value).map(member).join(', ')}}`;
}

function member([name, value]: readonly [string, unknown]): string {
  return `${JSON.stringify(name)}: ${looseJson(value)}`;
}

/** The object with one more member, in front or behind, whether or not there is one of that name. */
export function withMember(object: object, written: string, behind: boolean): Verbatim {
  const inner = looseJson(object).slice(1, -1);
  const parts = (behind ? [inner, written] : [written, inner]).filter((part) => part !== '');
  return new Verbatim(`{${parts.join(', ')}}`);
}
