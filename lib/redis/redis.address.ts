import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { InvalidOptionError } from '../errors.js';
import { redactUrl } from '../runtime/redact-url.js';

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** Where to connect, read from one URL. */
export interface RedisAddress {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  /** Several for Sentinel and Cluster. */
  readonly nodes: readonly RedisNode[];
  /** A Unix socket instead of `nodes`. */
  readonly socketPath: string | undefined;
  readonly db: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: ConnectionOptions | undefined;
  /** Without credentials. */
  readonly shown: string;
}

const KINDS = new Map<
  string,
  { readonly kind: RedisAddress['kind']; readonly tls: boolean; readonly port: number }
>([
  ['redis:', { kind: 'single', tls: false, port: 6379 }],
  ['rediss:', { kind: 'single', tls: true, port: 6379 }],
  ['redis+socket:', { kind: 'single', tls: false, port: 6379 }],
  ['unix:', { kind: 'single', tls: false, port: 6379 }],
  ['sentinel:', { kind: 'sentinel', tls: false, port: 26379 }],
  ['redis+cluster:', { kind: 'cluster', tls: false, port: 6379 }],
  ['rediss+cluster:', { kind: 'cluster', tls: true, port: 6379 }],
]);

/**
 * Reads the URLs of a broker or backend, each of which may hold several with `;` between them, as kombu writes them.
 * Single servers become one address each, to be tried in turn; Sentinels and Cluster nodes become one address together.
 * @param tls options for the connection; with them it is encrypted, whatever the scheme; a Unix socket never is
 * @param option where the URLs stand, for errors
 * @throws InvalidOptionError
 */
export function readAddresses(
  urls: readonly string[],
  tls: Readonly<Record<string, unknown>> | undefined,
  option: 'broker' | 'backend' = 'broker',
): readonly RedisAddress[] {
  const found = urls
    .flatMap((url) => url.split(';'))
    .filter((url) => url.trim() !== '')
    .map((url) => readAddress(url.trim(), tls, option));
  const [first] = found;
  if (first === undefined)
    throw new InvalidOptionError(option, 'expected a Redis URL, as redis://localhost:6379/0');
  if (first.kind === 'single') return found;
  const members = found.filter((each) => each.kind === first.kind);
  // Kombu takes credentials and database from the last URL, people write them in the first: the first that has them counts.
  const among = <T>(pick: (each: RedisAddress) => T | undefined): T | undefined =>
    members.map(pick).find((value) => value !== undefined);
  return [
    {
      ...first,
      nodes: members.flatMap((each) => each.nodes),
      db: among((each) => each.db || undefined) ?? 0,
      username: among((each) => each.username),
      password: among((each) => each.password),
      shown: members.map((each) => each.shown).join(';'),
    },
  ];
}

function readAddress(
  text: string,
  tls: Readonly<Record<string, unknown>> | undefined,
  option: string,
): RedisAddress {
  const shown = redactUrl(text);
  let url: URL;
  try {
    // A socket has no host, which a URL with a password must have.
    url = new URL(text.replace(/^([a-z+]+:\/\/[^@/]*@)\//i, '$1localhost/'));
  } catch {
    throw new InvalidOptionError(option, `${shown} is not a URL`);
  }
  const kind = KINDS.get(url.protocol);
  if (kind === undefined) {
    throw new InvalidOptionError(option, `${shown}: known schemes are ${[...KINDS.keys()].join(' ')}`);
  }
  const isSocket = url.protocol === 'redis+socket:' || url.protocol === 'unix:';
  const database = isSocket
    ? (url.searchParams.get('virtual_host') ?? url.searchParams.get('db') ?? '')
    : url.pathname;
  return {
    kind: kind.kind,
    nodes: [
      { host: url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1', port: Number(url.port) || kind.port },
    ],
    socketPath: isSocket ? decodeURIComponent(url.pathname) : undefined,
    db: readDatabase(database, shown, option),
    username: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    // Sentinels have no scheme of their own for TLS; as in Celery, TLS options ask for it.
    tls:
      // Options without the scheme for them mean it too, as in Celery: they must not be left out in silence.
      kind.tls || (tls !== undefined && !isSocket) ? { ...tlsOfQuery(url.searchParams), ...tls } : undefined,
    shown,
  };
}

function readDatabase(text: string, shown: string, option: string): number {
  const digits = text.replace(/^\//, '');
  if (digits === '') return 0;
  if (/^\d{1,6}$/.test(digits)) return Number(digits);
  throw new InvalidOptionError(option, `${shown}: the database is a number, not ${JSON.stringify(digits)}`);
}

/** redis-py's `ssl_…` query values, which Celery URLs carry. */
function tlsOfQuery(query: URLSearchParams): ConnectionOptions {
  const file = (name: string): Buffer | undefined => {
    const path = query.get(name);
    return path === null ? undefined : readFileSync(path);
  };
  const requirement = (query.get('ssl_cert_reqs') ?? 'required').toLowerCase().replace(/^cert_/, '');
  const [ca, cert, key] = [file('ssl_ca_certs'), file('ssl_certfile'), file('ssl_keyfile')];
  return {
    rejectUnauthorized: requirement !== 'none',
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  };
}
