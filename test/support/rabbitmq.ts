import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './servers/free-port.js';
import { answers, own, untilUp, type OwnedProcess } from './servers/process.js';

const run = promisify(execFile);

export interface RabbitServer {
  /** `amqp://guest:guest@127.0.0.1:port`, the vhost `/`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Runs `rabbitmqctl` against this node; its output. */
  ctl(...args: readonly string[]): Promise<string>;
  /** Makes an empty vhost; its URL. */
  vhost(name: string): Promise<string>;
  /** SIGKILL, and up again on the same port and data. */
  restart(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A private RabbitMQ node with its own epmd on free ports, its data in a temporary folder. Boots in about 6 s. */
export async function startRabbit(
  options: { readonly conf?: readonly string[] } = {},
): Promise<RabbitServer> {
  const [port, distPort, epmdPort] = [await freePort(), await freePort(), await freePort()];
  const folder = await mkdtemp(join(tmpdir(), 'celery-rabbit-'));
  const node = `celery-test-${port}@localhost`;
  await writeFile(
    join(folder, 'rabbitmq.conf'),
    [
      `listeners.tcp.1 = 127.0.0.1:${port}`,
      'vm_memory_high_watermark.absolute = 2GB',
      ...(options.conf ?? []),
    ].join('\n'),
  );
  await writeFile(join(folder, 'empty'), '');
  await writeFile(join(folder, 'enabled_plugins'), '[].');
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: folder,
    ERL_EPMD_PORT: String(epmdPort),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'empty'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_NODENAME: node,
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none',
    // The script then becomes the Erlang machine itself, so that its pid is the server's.
    RUNNING_UNDER_SYSTEMD: 'true',
  };
  const bin = (name: string): string => {
    const plain = `/usr/lib/rabbitmq/bin/${name}`;
    return existsSync(plain) ? plain : name;
  };
  const epmd = own(['epmd', '-port', String(epmdPort), '-address', '127.0.0.1'], env);
  const boot = async (): Promise<OwnedProcess> => {
    const server = own([bin('rabbitmq-server')], env, folder);
    await untilUp(server, 'rabbitmq-server', () => answers(port, 'AMQP\0\0\x09\x01', '\x01\0\0'));
    return server;
  };
  let server = await boot().catch(async (error: unknown) => {
    await epmd.end();
    throw error;
  });
  const ctl = async (...args: readonly string[]): Promise<string> =>
    (await run(bin('rabbitmqctl'), ['-n', node, '-q', ...args], { env })).stdout;
  const stop = async (): Promise<void> => {
    await server.end();
    await epmd.end();
    // What the node had started may still be writing there.
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid;
    },
    ctl,
    async vhost(name) {
      await ctl('add_vhost', name);
      await ctl('set_permissions', '-p', name, 'guest', '.*', '.*', '.*');
      return `amqp://guest:guest@127.0.0.1:${port}/${encodeURIComponent(name)}`;
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
