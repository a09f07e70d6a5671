import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Broker } from '../../../lib/broker/broker.js';
import type { Worker } from '../../../lib/worker/worker.js';
import { readWorkerOptions } from '../../../lib/worker/worker.options.js';
import { eventually } from '../../support/eventually.js';
import { gate, startWorld } from '../../flows/world.js';
import { probe } from './ask-probe.js';

const health = { port: 0 };

/** Lets through what it is asked for, until it is told to swallow what is published. */
function deafening(broker: Broker): { readonly broker: Broker; deaf: boolean } {
  const state = { broker, deaf: false };
  state.broker = new Proxy(broker, {
    get(target, key) {
      if (key === 'publish' && state.deaf) return () => Promise.resolve();
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return state;
}

describe('the health of a worker', () => {
  it('is told over HTTP: alive, and ready once a probe has come back', async () => {
    await using world = await startWorld({ tasks: {}, worker: { health } });
    const { worker } = world;
    await eventually(() => worker.health.ready);

    expect(await probe(worker.healthUrl, '/live')).toEqual({
      code: 200,
      body: { status: 'ok', worker: worker.hostname },
    });
    expect(await probe(worker.healthUrl, '/ready?verbose')).toEqual({
      code: 200,
      body: { status: 'ok', worker: worker.hostname, problems: [] },
    });
    expect(world.lines).toContain(
      `log ${worker.hostname} answers probes on ${worker.healthUrl ?? ''}: /live and /ready`,
    );
    expect(worker.healthUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('answers GET and HEAD, and nothing elsewhere', async () => {
    await using world = await startWorld({ tasks: {}, worker: { health } });
    const url = world.worker.healthUrl ?? '';

    expect(await probe(url, '/')).toMatchObject({ code: 404 });
    expect(await probe(url, '/ready/')).toMatchObject({ code: 404 });
    const head = await fetch(`${url}/live`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const post = await fetch(`${url}/live`, { method: 'POST', body: 'x'.repeat(100_000) });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    await post.text();
  });

  it('is alive and not ready while it stops, and gone with it', async () => {
    const { open, opened } = gate();
    await using world = await startWorld({ tasks: { long: () => opened }, worker: { health } });
    const { worker } = world;
    await world.send('long');
    await eventually(() => worker.status.running === 1 && worker.health.ready);
    const url = worker.healthUrl;

    const stopping = worker.stop();

    expect(await probe(url, '/ready')).toMatchObject({ code: 503, body: { problems: ['it is stopping'] } });
    expect(await probe(url, '/live')).toMatchObject({ code: 200 });
    open();
    await stopping;
    expect(worker.healthUrl).toBeUndefined();
    await expect(fetch(`${url ?? ''}/live`)).rejects.toThrow('fetch failed');
  });

  it('is alive and not ready while it waits for its broker', async () => {
    const { open, opened } = gate();
    let worker: Worker | undefined;
    const starting = startWorld({
      tasks: {},
      worker: { health },
      wrap: (broker) =>
        new Proxy(broker, {
          get(target, key) {
            if (key === 'connect') return () => opened;
            if (key === 'connected') return false;
            const value: unknown = Reflect.get(target, key, target);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        }),
      start: (made) => (worker = made).start(),
    });
    await eventually(() => worker?.healthUrl !== undefined);

    expect(await probe(worker?.healthUrl, '/live')).toMatchObject({ code: 200 });
    expect(await probe(worker?.healthUrl, '/ready')).toMatchObject({
      code: 503,
      body: {
        status: 'error',
        problems: ['it is starting', expect.stringMatching(/^it is not connected to /)],
      },
    });
    open();
    await using _ = await starting;
  });

  it('is not ready once probes do not come back, and ready again when one does', async () => {
    let state = { deaf: false };
    await using world = await startWorld({
      tasks: {},
      worker: { health: { probeInterval: '5s', probeTimeout: '10s' } },
      wrap: (broker) => {
        const made = deafening(broker);
        state = made;
        return made.broker;
      },
    });
    const { worker, clock } = world;
    await eventually(() => worker.health.ready);
    expect(worker.healthUrl).toBeUndefined();

    state.deaf = true;
    await clock.advance(15_000);
    expect(worker.health.ready).toBe(true);
    await clock.advance(1);
    expect(worker.health).toEqual({
      ready: false,
      problems: ['the last probe message came back 15 s ago'],
    });

    state.deaf = false;
    await clock.advance(11_000);
    expect(worker.health).toEqual({ ready: true, problems: [] });
  });

  it('is not held up by a worker that has all hands full', async () => {
    const { open, opened } = gate();
    await using world = await startWorld({
      tasks: { long: () => opened },
      worker: { health, concurrency: 1, prefetchMultiplier: 1 },
    });
    await Promise.all(Array.from({ length: 5 }, () => world.send('long')));
    await eventually(() => world.worker.status.running === 1);

    await world.clock.advance(60_000);

    expect(world.worker.health.ready).toBe(true);
    open();
  });
});

describe('an address that cannot be had', () => {
  it('is named with the way out, and the worker does not start', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;

    await expect(startWorld({ tasks: {}, worker: { health: { port } } })).rejects.toThrow(
      `worker.health.port: ${port} on 127.0.0.1 is in use by another program, or another worker. Name another, or 0 for any that is free.`,
    );
    other.close();
    await expect(
      startWorld({ tasks: {}, worker: { health: { port: 0, host: '192.0.2.1' } } }),
    ).rejects.toThrow('worker.health.host: "192.0.2.1" is no address of this machine');
  });

  it.each([
    [{ port: 65_536 }, /^worker\.health\.port: expected an integer, 0 to 65535, got 65536/],
    [{ host: '' }, /^worker\.health\.host: expected a non-empty string/],
    [{ prot: 1 }, /^worker\.health\.prot: unknown option\. Did you mean port\?/],
    [{ probeInterval: 0 }, /^worker\.health\.probeInterval: expected 100 ms or more/],
  ])('%j is refused before anything is started', (given, problem) => {
    expect(() => readWorkerOptions({ health: given as object })).toThrow(problem);
  });
});

describe('a health file', () => {
  const aFile = (): string => join(mkdtempSync(join(tmpdir(), 'celery-health-')), 'worker.health');
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;

  it('says how the worker is, every second and when it begins to stop, and is gone with it', async () => {
    const file = aFile();
    const { open, opened } = gate();
    await using world = await startWorld({ tasks: { long: () => opened }, worker: { health: { file } } });
    const { worker, clock } = world;
    await world.send('long');
    await eventually(() => worker.status.running === 1 && worker.health.ready);

    await clock.advance(1_000);
    const writtenMs = clock.now();
    expect(read(file)).toEqual({
      pid: process.pid,
      hostname: worker.hostname,
      writtenMs,
      state: 'running',
      connected: true,
      problems: [],
      running: 1,
      processed: 0,
    });

    const stopping = worker.stop();
    expect(read(file)).toMatchObject({ state: 'stopping', problems: ['it is stopping'] });
    open();
    await stopping;
    expect(existsSync(file)).toBe(false);
  });

  it('that can no longer be written is told of once, and ends no worker', async () => {
    const file = aFile();
    await using world = await startWorld({ tasks: {}, worker: { health: { file } } });
    rmSync(dirname(file), { recursive: true });

    await world.clock.advance(5_000);

    const told = world.lines.filter((line) => line.startsWith('warn The health file cannot be written: '));
    expect(told).toHaveLength(1);
    expect(world.worker.status.state).toBe('running');
  });

  it('that cannot be written is refused at the start', async () => {
    const worker = { health: { file: join(aFile(), 'below', 'a-file') } };
    await expect(startWorld({ tasks: {}, worker })).rejects.toThrow(
      /^worker\.health\.file: cannot be written: ENOENT/,
    );
  });
});
