/** What one look at the set-up has found. */
export interface Finding {
  readonly state: 'ok' | 'warn' | 'fail';
  /** What was looked at. */
  readonly what: string;
  readonly found: string;
  /** What to do; undefined when nothing is wrong. */
  readonly wayOut: string | undefined;
}

export const ok = (what: string, found: string): Finding =>
  Object.freeze({ state: 'ok', what, found, wayOut: undefined });
export const warn = (what: string, found: string, wayOut: string): Finding =>
  Object.freeze({ state: 'warn', what, found, wayOut });
export const fail = (what: string, found: string, wayOut: string): Finding =>
  Object.freeze({ state: 'fail', what, found, wayOut });
