import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { plainQueue } from '../../lib/broker/topology.js';
import type { Broker } from '../../lib/broker/broker.js';
import { aMessage } from '../support/a-message.js';
import { eventually } from '../support/eventually.js';
import { Inbox } from '../support/inbox.js';
import { startRedis } from '../support/redis.js';
import { freePort } from '../support/servers/free-port.js';
import { answers, own, untilUp } from '../support/servers/process.js';
import { aRedisWorld } from './redis.world.js';

const LONG_MS = 60_000;
const to = (queue: string) => ({ exchange: '', routingKey: queue });

/** A message through every part: publish, claim, defer, requeue, ack, broadcast. */
async function worksWholly(broker: Broker): Promise<void> {
  const inbox = new Inbox();
  const exchange = { name: 'bc', type: 'fanout', durable: true, autoDelete: false, arguments: {} } as const;
  const broadcast = { ...plainQueue('b'), exchange, routingKey: '', consumerOnly: true };
  const subscription = await broker.consume([plainQueue('q'), broadcast], {
    prefetch: 5,
    onDelivery: inbox.receive,
  });
  await broker.publish(to('q'), aMessage({ body: 'a' }));
  expect(await (await inbox.next()).defer(Date.now() + 50)).toBe('settled');
  expect(await (await inbox.next()).requeue()).toBe('settled');
  const again = await inbox.next();
  expect(again.redelivered).toBe(true);
  expect(await again.ack()).toBe('settled');
  await broker.publish(
    { exchange: 'bc', routingKey: '', exchangeDeclaration: exchange },
    aMessage({ body: 'all' }),
  );
  expect(await inbox.takeBodies(1)).toEqual(['all']);
  expect([await broker.size('q'), await broker.purge('q')]).toEqual([0, 0]);
  await subscription.cancel();
}

describe('Redis broker: kinds of server', () => {
  it('works on another database, with a password, over a Unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'celery-socket-'));
    await using server = await startRedis({ args: ['--unixsocket', join(folder, 's')] });
    const password = encodeURIComponent('s3:c/ret');
    await using world = await aRedisWorld(`redis://:${password}@127.0.0.1:${server.port}/5`, 's3:c/ret');

    const broker = world.open();
    await worksWholly(broker);
    await worksWholly(
      world.open({ urls: [`redis+socket://:${password}@${join(folder, 's')}?virtual_host=5`] }),
    );
    expect(broker.url).not.toContain(password);

    const wrong = world.open({ urls: [server.url] });
    await expect(wrong.connect({ failFast: true })).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    await rm(folder, { recursive: true });
  });

  it('works over TLS and refuses a certificate it cannot check', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'celery-tls-'));
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    const options =
      '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost';
    const name = 'subjectAltName=IP:127.0.0.1';
    const files = ['-keyout', key, '-out', cert];
    execFileSync('openssl', ['req', ...options.split(' '), '-addext', name, ...files], { stdio: 'ignore' });
    const port = await freePort();
    await using server = await startRedis({
      args: [
        '--tls-port',
        String(port),
        '--tls-cert-file',
        cert,
        '--tls-key-file',
        key,
        '--tls-auth-clients',
        'no',
      ],
    });
    await using world = await aRedisWorld(server.url);
    const urls = [`rediss://127.0.0.1:${port}/0`];

    await worksWholly(world.open({ urls, tls: { ca: await readFile(cert) } }));
    await world
      .open({ urls: [`${urls[0]}?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs=${cert}`] })
      .connect({ failFast: true });
    await world.open({ urls: [`${urls[0]}?ssl_cert_reqs=none`] }).connect({ failFast: true });
    await expect(world.open({ urls }).connect({ failFast: true })).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
    });
    await rm(folder, { recursive: true });
  });

  it(
    'works on a Cluster with all keys under one hash tag, and asks for that',
    async () => {
      await using server = await startRedis({
        args: [
          '--cluster-enabled',
          'yes',
          '--cluster-port',
          String(await freePort()),
          '--cluster-announce-ip',
          '127.0.0.1',
        ],
      });
      await using world = await aRedisWorld(server.url);
      await world.redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      await eventually(async () => String(await world.redis.cluster('INFO')).includes('cluster_state:ok'));
      const urls = [`redis+cluster://127.0.0.1:${server.port}`];

      await worksWholly(world.open({ urls, transportOptions: { globalKeyprefix: '{celery}' } }));
      expect(() => world.open({ urls })).toThrow(/hash tag, for example '\{celery\}'/);
      await world.redis.flushall();
    },
    LONG_MS,
  );

  it(
    'finds the master through Sentinels, also when the first one is down, and follows a failover',
    async () => {
      await using master = await startRedis();
      await using replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
      await using world = await aRedisWorld(master.url);
      const [down, port] = [await freePort(), await freePort()];
      const folder = await mkdtemp(join(tmpdir(), 'celery-sentinel-'));
      const conf = join(folder, 'sentinel.conf');
      await writeFile(
        conf,
        [
          `port ${port}`,
          'bind 127.0.0.1',
          `dir ${folder}`,
          `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
          'sentinel down-after-milliseconds mymaster 500',
          'sentinel failover-timeout mymaster 2000',
          '',
        ].join('\n'),
      );
      const sentinel = own(['redis-server', conf, '--sentinel'], process.env);
      await untilUp(sentinel, 'redis-sentinel', () => answers(port, 'PING\r\n', '+PONG'));
      const inbox = new Inbox();
      const broker = world.open({
        urls: [`sentinel://127.0.0.1:${down}/0`, `sentinel://127.0.0.1:${port}/0`],
        transportOptions: { masterName: 'mymaster' },
      });
      await broker.consume([plainQueue('q')], { prefetch: 1, onDelivery: inbox.receive });
      await broker.publish(to('q'), aMessage({ body: 'before' }));
      expect(await inbox.takeBodies(1)).toEqual(['before']);
      // The Sentinel must have heard of the replica before it can choose it.
      await eventually(() => sentinel.output().includes('+slave'), { withinMs: 20_000 });

      await master.kill();
      await broker.publish(to('q'), aMessage({ body: 'after' }));
      expect(await inbox.takeBodies(1)).toEqual(['after']);
      expect(await answers(replica.port, 'ROLE\r\n', '*3\r\n$6\r\nmaster')).toBe(true);

      await Promise.all([broker.close(), sentinel.end()]);
      world.redis.disconnect();
      await rm(folder, { recursive: true });
    },
    LONG_MS,
  );

  it('tries its URLs in turn', async () => {
    await using world = await aRedisWorld(inject('redisUrl'));
    await worksWholly(world.open({ urls: [`redis://127.0.0.1:${await freePort()}`, inject('redisUrl')] }));
  });

  it('warns of a server that may drop queues', async () => {
    await using server = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    await using world = await aRedisWorld(server.url);
    const lines: string[] = [];
    const warn = (line: string): void => void lines.push(line);
    await world.open({ log: { debug() {}, log() {}, warn, error: warn } }).connect();

    expect(lines).toEqual([expect.stringContaining('maxmemory-policy is allkeys-lru')]);
  });
});

describe('Redis broker: options', () => {
  it.each([
    [{ visibility_timeout: 5 }, /visibility_timeout: unknown option. Did you mean visibilityTimeout\?/],
    [{ leaseTimeout: 0.1 }, /leaseTimeout: expected at least 1000 ms/],
    [{ prioritySteps: [3, 0] }, /prioritySteps: expected ascending/],
    [{ fanoutPrefix: 'x' }, /fanoutPrefix: expected a text from/],
  ])('%j is refused', async (transportOptions, message) => {
    await using world = await aRedisWorld(inject('redisUrl'));
    expect(() => world.open({ transportOptions })).toThrow(message);
  });

  it.each([
    ['sentinel://localhost', /masterName/],
    ['redis://localhost/zero', /the database is a number/],
    ['http://localhost', /known schemes/],
  ])('%s is refused', async (url, message) => {
    await using world = await aRedisWorld(inject('redisUrl'));
    expect(() => world.open({ urls: [url] })).toThrow(message);
  });
});
