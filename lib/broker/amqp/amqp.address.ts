import { InvalidOptionError } from '../../errors.js';
import { redactUrl } from '../../runtime/redact-url.js';

/** One server of the list, read from its URL. */
export interface AmqpAddress {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
  /** The URL without its password. */
  readonly shown: string;
}

/**
 * Reads `amqp://user:password@host:5672/vhost`, `pyamqp://` (the same) and `amqps://`. What is left out is `guest`,
 * `guest`, `localhost`, 5672 (5671 with TLS) and the vhost `/`, as in Celery.
 * @throws InvalidOptionError
 */
export function readAmqpAddress(text: string): AmqpAddress {
  const shown = redactUrl(text);
  // An empty host after credentials is no URL to Node; Celery takes it for localhost.
  const written = text.replace(/^(\w+:\/\/[^/]*@)(?=[:/]|$)/, '$1localhost');
  if (!URL.canParse(written)) throw new InvalidOptionError('broker', `${shown} is not a URL`);
  const url = new URL(written);
  const unknown = [...url.searchParams.keys()];
  if (unknown.length > 0) {
    throw new InvalidOptionError(
      'broker',
      `${shown}: ${unknown.join(', ')} cannot be set in the URL. Use brokerTransportOptions or brokerUseSsl.`,
    );
  }
  const tls = url.protocol === 'amqps:';
  return Object.freeze({
    tls,
    host: url.hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: Number(url.port) || (tls ? 5671 : 5672),
    username: decode(url.username, shown) || 'guest',
    password: decode(url.password, shown) || 'guest',
    vhost: decode(url.pathname.slice(1), shown) || '/',
    shown: shown.replace(/^pyamqp:/, 'amqp:'),
  });
}

function decode(part: string, shown: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new InvalidOptionError(
      'broker',
      `${shown}: a "%" in user, password or vhost is written %25 (${String(cause)})`,
    );
  }
}
