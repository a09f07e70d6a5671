import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plainQueue } from '../../lib/broker/topology.js';
import { aMessage } from '../support/a-message.js';
import { Inbox } from '../support/inbox.js';
import { startRabbit } from '../support/rabbitmq.js';
import { freePort } from '../support/servers/free-port.js';
import { anAmqpWorld } from './amqp.world.js';

const LONG_MS = 60_000;

interface Signed {
  /** Paths of PEM files. */
  readonly key: string;
  readonly cert: string;
}

/** A certificate and its key, vouched for by another, or by itself. */
function certificate(folder: string, name: string, authority?: Signed): Signed {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.cert`)];
  const options = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2';
  const by = authority === undefined ? [] : ['-CA', authority.cert, '-CAkey', authority.key];
  const more = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', ...by];
  const files = ['-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', ...options.split(' '), ...more, ...files], { stdio: 'ignore' });
  return { key, cert };
}

describe('RabbitMQ broker: TLS', () => {
  it(
    'works, shows a certificate of its own, and refuses one it cannot check or that is of another host',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'celery-tls-'));
      const authority = certificate(folder, 'authority');
      const server = certificate(folder, 'server', authority);
      const client = certificate(folder, 'client', authority);
      const port = await freePort();
      await using rabbit = await startRabbit({
        conf: [
          `listeners.ssl.1 = 127.0.0.1:${port}`,
          `ssl_options.certfile = ${server.cert}`,
          `ssl_options.keyfile = ${server.key}`,
          `ssl_options.cacertfile = ${authority.cert}`,
          'ssl_options.verify = verify_peer',
          'ssl_options.fail_if_no_peer_cert = true',
        ],
      });
      await using world = await anAmqpWorld(rabbit.url);
      const urls = [`amqps://guest:guest@localhost:${port}`];
      const [ca, cert, key] = await Promise.all(
        [authority.cert, client.cert, client.key].map((file) => readFile(file)),
      );
      const tls = { ca, cert, key };

      const inbox = new Inbox();
      const broker = world.open({ urls, tls });
      await broker.consume([plainQueue('q')], { prefetch: 1, onDelivery: inbox.receive });
      await broker.publish({ exchange: '', routingKey: 'q' }, aMessage({ body: 'sealed' }));
      expect(await inbox.takeBodies(1)).toEqual(['sealed']);
      expect(await rabbit.ctl('list_connections', 'ssl', 'ssl_protocol')).toContain('true\ttlsv1.');

      const refused = { code: 'BROKER_UNAVAILABLE' };
      const connecting = (wish: Parameters<typeof world.open>[0]) =>
        world.open(wish).connect({ failFast: true });
      await expect(connecting({ urls, tls: { cert, key } })).rejects.toMatchObject(refused);
      await expect(connecting({ urls, tls: { ca } })).rejects.toMatchObject(refused);
      const byAddress = [`amqps://guest:guest@127.0.0.1:${port}`];
      await expect(connecting({ urls: byAddress, tls })).rejects.toMatchObject(refused);
      await rm(folder, { recursive: true });
    },
    LONG_MS,
  );
});
