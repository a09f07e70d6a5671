import { hostname } from 'node:os';
import { InvalidOptionError } from '../errors.js';

/**
 * A worker's node name: `%h` is the host's name, `%n` its first part, `%d` the rest (the domain). Without an `@` it is the
 * host part, as in Celery: `w1` becomes `celery@w1`.
 * @throws InvalidOptionError when it holds spaces or control characters, or is too long for the wire
 */
export function nodeName(written: string, path: string, host: string = hostname()): string {
  const filled = filledHost(written, host);
  const full = filled.includes('@') ? filled : `celery@${filled}`;
  if (full.length <= LONGEST && /^[^\s\p{Cc}\p{Cf}]+$/u.test(full)) return full;
  throw new InvalidOptionError(
    path,
    `expected a node name of 1 to ${LONGEST} characters without spaces, such as "worker1@%h", got ${JSON.stringify(written)}`,
  );
}

/** With the parts of the host's name filled in. */
export function filledHost<T extends string | undefined>(written: T, host?: string): T;
export function filledHost(written: string | undefined, host: string = hostname()): string | undefined {
  const dot = host.indexOf('.');
  const name = dot === -1 ? host : host.slice(0, dot);
  const domain = dot === -1 ? '' : host.slice(dot + 1);
  return written?.replace(/%([hnd%])/g, (_, letter: string) => {
    if (letter === 'h') return host;
    if (letter === 'n') return name;
    return letter === 'd' ? domain : '%';
  });
}

const LONGEST = 200;
