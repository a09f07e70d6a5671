import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './servers/free-port.js';
import { answers, own, untilUp, type OwnedProcess } from './servers/process.js';

export interface RedisServer {
  /** `redis://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGKILL, and up again on the same port and data. */
  restart(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** SIGSTOP and SIGCONT: connections stay open, nothing answers. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A private redis-server on a free port, its data in a temporary folder (append-only file, fsync every second). */
export async function startRedis(options: { readonly args?: readonly string[] } = {}): Promise<RedisServer> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'celery-redis-'));
  const boot = async (): Promise<OwnedProcess> => {
    const command = ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
    const data = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'];
    const server = own([...command, ...data, ...(options.args ?? [])], process.env);
    await untilUp(server, 'redis-server', () => answers(port, 'PING\r\n', '+PONG'));
    return server;
  };
  let server = await boot();
  const stop = async (): Promise<void> => {
    await server.end();
    await rm(folder, { recursive: true, force: true });
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid;
    },
    async restart() {
      await server.end();
      server = await boot();
    },
    kill: () => server.end(),
    async start() {
      server = await boot();
    },
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
