import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';
import { InvalidOptionError } from '../../errors.js';
import type { Log } from '../../runtime/logger.js';
import type { Service } from '../../runtime/service.js';
import type { WorkerHealth } from './readiness.js';

export interface HealthServerDeps {
  readonly hostname: string;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly health: () => WorkerHealth;
  readonly log: Log;
}

/** Longest wait for a request's headers: nobody holds its sockets. */
const REQUEST_MS = 5_000;

/**
 * Answers probes over HTTP: `/live` whenever the event loop turns, `/ready` by what the worker says of itself. Up before the
 * worker connects and until it has stopped, so that a worker that waits for its broker is alive and not ready.
 */
export class HealthServer implements Service {
  readonly name = 'health server';
  #server: Server | undefined;

  constructor(private readonly deps: HealthServerDeps) {}

  /** Where it answers: `http://127.0.0.1:8080`. Undefined: it does not. */
  get url(): string | undefined {
    const address = this.#server?.address();
    if (address === null || typeof address !== 'object') return undefined;
    return urlOf(address);
  }

  /** @throws InvalidOptionError for an address that cannot be had */
  async start(): Promise<void> {
    const { hostname, host, port, log } = this.deps;
    const server = createServer(
      { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
      (request, response) => this.#answer(request, response),
    );
    server.listen(port, host);
    try {
      await once(server, 'listening');
    } catch (error) {
      throw refusal(error, host, port);
    }
    // It ends with the worker, and keeps nothing alive itself.
    server.unref();
    server.on('error', (error) =>
      log.error(`The health server of ${hostname} has trouble: ${String(error)}`),
    );
    this.#server = server;
    log.log(`${hostname} answers probes on ${this.url ?? ''}: /live and /ready`);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { hostname, health } = this.deps;
    const { method = '', url = '' } = request;
    // What a probe may have sent along is not read.
    request.resume();
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return send(response, 405, { status: 'error', problems: [`${method} is not answered here`] });
    }
    switch (url.split('?', 1)[0]) {
      case '/live':
        return send(response, 200, { status: 'ok', worker: hostname });
      case '/ready': {
        const { ready, problems } = health();
        const status = ready ? 'ok' : 'error';
        return send(response, ready ? 200 : 503, { status, worker: hostname, problems });
      }
      default:
        return send(response, 404, { status: 'error', problems: ['there are /live and /ready'] });
    }
  }
}

function send(response: ServerResponse, code: number, body: Readonly<Record<string, unknown>>): void {
  response.writeHead(code, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    // A probe comes every few seconds, and the worker may be gone by then.
    Connection: 'close',
  });
  response.end(`${JSON.stringify(body)}\n`);
}

function urlOf({ address, port }: AddressInfo): string {
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`;
}

function refusal(error: unknown, host: string, port: number): InvalidOptionError {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  const problem = typeof code === 'string' ? REFUSALS[code] : undefined;
  const [option, what] = problem ?? ['port', `cannot be listened on: ${String(error)}`];
  const value = option === 'port' ? `${port} on ${host}` : JSON.stringify(host);
  return new InvalidOptionError(`worker.health.${option}`, `${value} ${what}`);
}

const REFUSALS: Readonly<Record<string, readonly ['port' | 'host', string]>> = Object.freeze({
  EADDRINUSE: [
    'port',
    'is in use by another program, or another worker. Name another, or 0 for any that is free.',
  ],
  EACCES: ['port', 'is not for this user. Name one above 1023.'],
  EADDRNOTAVAIL: ['host', 'is no address of this machine. Use 127.0.0.1, or 0.0.0.0 for all.'],
  ENOTFOUND: ['host', 'is not known. Use 127.0.0.1, or 0.0.0.0 for all.'],
  EAI_AGAIN: ['host', 'is not known. Use 127.0.0.1, or 0.0.0.0 for all.'],
});
