import { InvalidOptionError } from '../errors.js';
import { nearest } from '../runtime/nearest.js';
import { redactUrl } from '../runtime/redact-url.js';

/** Kinds of broker there is a driver for. */
export type Transport = 'memory' | 'amqp' | 'redis';

interface Scheme {
  readonly transport: Transport;
  /** The connection is encrypted, or can be. */
  readonly tls: boolean;
}

/** What a URL may begin with. `pyamqp` is what Celery calls its own AMQP driver. */
const SCHEMES = new Map<string, Scheme>([
  ['memory', { transport: 'memory', tls: false }],
  ['amqp', { transport: 'amqp', tls: false }],
  ['pyamqp', { transport: 'amqp', tls: false }],
  ['amqps', { transport: 'amqp', tls: true }],
  ['redis', { transport: 'redis', tls: false }],
  ['rediss', { transport: 'redis', tls: true }],
  ['redis+socket', { transport: 'redis', tls: false }],
  ['unix', { transport: 'redis', tls: false }],
  ['sentinel', { transport: 'redis', tls: true }],
  ['redis+cluster', { transport: 'redis', tls: false }],
  ['rediss+cluster', { transport: 'redis', tls: true }],
]);

/**
 * The scheme of a broker URL.
 * @param path names the option in the error
 * @throws InvalidOptionError
 */
export function schemeOf(url: string, path: string): Scheme {
  const name = /^([a-z][a-z0-9+]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  const scheme = SCHEMES.get(name ?? '');
  if (scheme !== undefined) return scheme;
  const meant = name === undefined ? undefined : nearest(name, SCHEMES.keys());
  throw new InvalidOptionError(
    path,
    `${JSON.stringify(redactUrl(url))} is not the URL of a known broker.` +
      (meant === undefined ? '' : ` Did you mean ${meant}://?`) +
      ' Write for example amqp://localhost, redis://localhost:6379/0 or memory://.',
  );
}
