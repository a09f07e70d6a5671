import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import type { BackendSettings } from '../../lib/backend/backend.options.js';
import { RedisBackend } from '../../lib/backend/redis.backend.js';
import type { TaskMeta } from '../../lib/backend/result-backend.js';
import type { ChordStore } from '../../lib/backend/chord-store.js';
import { aChord, claimed } from '../conformance/chord-store.conformance.js';
import { aMeta } from '../conformance/result-backend.conformance.js';
import { eventually } from '../support/eventually.js';
import { startRedis } from '../support/redis.js';
import { freePort } from '../support/servers/free-port.js';
import { answers, own, untilUp } from '../support/servers/process.js';
import { backendSettings } from './backend-settings.js';

const LONG_MS = 60_000;
const NOWHERE = { replyTo: undefined, correlationId: 'x' };

async function opened(url: string, changes: Partial<BackendSettings> = {}): Promise<RedisBackend> {
  return new RedisBackend(url, await backendSettings(changes));
}

/** Stores, tells, finds, forgets: with keys that a Cluster keeps on different nodes. */
async function worksWholly(url: string, changes: Partial<BackendSettings> = {}): Promise<void> {
  const backend = await opened(url, changes);
  const ids = ['a', 'b', 'c', 'd'];
  const told = Promise.all(
    ids.map((id) => new Promise<TaskMeta>((resolve) => void backend.watch(id, resolve))),
  );
  await Promise.all(ids.map((taskId) => backend.store(aMeta({ taskId, result: taskId }), NOWHERE)));
  expect((await told).map(({ result }) => result)).toEqual(ids);
  const late = Promise.all(
    ids.map((id) => new Promise<TaskMeta>((resolve) => void backend.watch(id, resolve))),
  );
  expect((await late).map(({ result }) => result)).toEqual(ids);
  await Promise.all(ids.map((id) => backend.forget(id)));
  expect(await Promise.all(ids.map((id) => backend.get(id)))).toEqual(ids.map(() => undefined));
  await backend.saveGroup('g', [['g', null], []]);
  expect(await backend.restoreGroup('g')).toEqual([['g', null], []]);
  for (let times = 0; times < 3; times += 1) await countsChord(backend.chords);
  await backend.close();
}

async function countsChord(chords: ChordStore): Promise<void> {
  const chord = aChord(chords);
  const { groupId } = chord;
  await chord.open(2);
  await chords.grow(groupId, ['added']);
  for (const index of [1, 0]) expect(await chord.count(index)).toEqual({ kind: 'counted' });
  const claim = claimed(await chord.count(2, { taskId: 'added' }));
  expect(claim.parts).toHaveLength(3);
  await chords.release(claim);
  const again = await chords.abandoned(10, []);
  expect(again).toMatchObject([{ groupId, missing: 0 }]);
  await chords.close(claim);
  expect(await chords.abandoned(10, [])).toEqual([]);
}

describe('Redis result backend: kinds of server', () => {
  it('works on another database, with a password, over a Unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'celery-socket-'));
    await using server = await startRedis({ args: ['--unixsocket', join(folder, 's')] });
    const admin = new Redis(server.url);
    await admin.config('SET', 'requirepass', 's3:c/ret');
    admin.disconnect();
    const password = encodeURIComponent('s3:c/ret');
    await worksWholly(`redis://:${password}@127.0.0.1:${server.port}/5`);
    await worksWholly(`redis+socket://:${password}@${join(folder, 's')}?virtual_host=5`);
    await rm(folder, { recursive: true });
  });

  it('works over TLS, which its options alone turn on, and refuses a certificate it cannot check', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'celery-tls-'));
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    const options =
      '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost';
    const name = 'subjectAltName=IP:127.0.0.1';
    const files = ['-keyout', key, '-out', cert];
    execFileSync('openssl', ['req', ...options.split(' '), '-addext', name, ...files], { stdio: 'ignore' });
    const port = await freePort();
    const tlsArgs = ['--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key];
    await using _server = await startRedis({ args: [...tlsArgs, '--tls-auth-clients', 'no'] });
    const tls = { ca: await readFile(cert) };

    await worksWholly(`rediss://127.0.0.1:${port}/0`, { tls });
    await worksWholly(`redis://127.0.0.1:${port}/0`, { tls });
    await worksWholly(`rediss://127.0.0.1:${port}/0?ssl_cert_reqs=required&ssl_ca_certs=${cert}`);
    const unchecked = await opened(`rediss://127.0.0.1:${port}/0`);
    await expect(unchecked.connect({ failFast: true })).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
    });
    await unchecked.close();
    await rm(folder, { recursive: true });
  });

  it(
    'works on a Cluster',
    async () => {
      const clusterArgs = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'];
      await using server = await startRedis({
        args: [...clusterArgs, '--cluster-port', String(await freePort())],
      });
      const admin = new Redis(server.url);
      await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      await eventually(async () => String(await admin.cluster('INFO')).includes('cluster_state:ok'));
      admin.disconnect();
      await worksWholly(`redis+cluster://127.0.0.1:${server.port}`);
    },
    LONG_MS,
  );

  it(
    'finds the master through Sentinels, also when the first one is down',
    async () => {
      await using master = await startRedis();
      const [down, port] = [await freePort(), await freePort()];
      const folder = await mkdtemp(join(tmpdir(), 'celery-sentinel-'));
      const conf = join(folder, 'sentinel.conf');
      const monitor = `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`;
      await writeFile(conf, [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, monitor, ''].join('\n'));
      const sentinel = own(['redis-server', conf, '--sentinel'], process.env);
      await untilUp(sentinel, 'sentinel', () => answers(port, 'PING\r\n', '+PONG'));
      const urls = `sentinel://127.0.0.1:${down};sentinel://127.0.0.1:${port}`;
      await worksWholly(urls, { transportOptions: { masterName: 'mymaster' } });

      const nameless = await opened(urls, { timeoutMs: 200 });
      await expect(nameless.store(aMeta({ taskId: 'a' }), NOWHERE)).rejects.toThrow(/masterName|master/);
      await nameless.close();
      await sentinel.end();
      await rm(folder, { recursive: true });
    },
    LONG_MS,
  );
});
