import { describe, expect, it } from 'vitest';
import { openScheduleStore } from '../../lib/beat/schedule-store.factory.js';
import { readCeleryOptions, type CeleryOptions } from '../../lib/index.js';
import { systemClock } from '../../lib/runtime/clock.js';
import { silentLog } from '../../lib/runtime/logger.js';

const open = (options: CeleryOptions) =>
  openScheduleStore(readCeleryOptions(options), {
    app: 'default',
    clientName: 'test',
    clock: systemClock,
    log: silentLog,
  });

describe('the schedule store', () => {
  it.each([
    [{ broker: 'memory://' }, 'memory', 'memory://'],
    [{ broker: 'redis://a:6380/2' }, 'redis', 'redis://a:6380/2'],
    [{ broker: 'amqp://a', backend: 'redis://b/1' }, 'redis', 'redis://b/1'],
    [{ broker: 'redis://a/2', beatStore: 'redis://u:secret@c/3' }, 'redis', 'redis://'],
    [{ broker: 'amqp://a' }, 'file', /^file:\/\/\/.*\/celerybeat-schedule\.jsonl$/],
    [{ broker: 'amqp://a', beatName: 'shop' }, 'file', /\/celerybeat-schedule\.shop\.jsonl$/],
    [{ broker: 'amqp://a', beatStore: 'file:./here.jsonl' }, 'file', /^file:\/\/\/.*\/here\.jsonl$/],
    [{ broker: 'amqp://a', beatStore: 'file:///tmp/here.jsonl' }, 'file', 'file:///tmp/here.jsonl'],
    [{ broker: 'amqp://a', beatStore: 'memory://' }, 'memory', 'memory://'],
  ] as const)('of %j is kept in %s', async (options, kind, url) => {
    const store = await open(options);
    expect(store.kind).toBe(kind);
    if (typeof url === 'string') expect(store.url).toContain(url);
    else expect(store.url).toMatch(url);
    expect(store.url).not.toContain('secret');
    await store.close();
  });

  it('pushes messages itself where it is the one server of the broker', async () => {
    const store = await open({ broker: 'redis://a/2' });
    expect(store.canPush('redis://a/2')).toBe(true);
    expect(store.canPush('redis://a/3')).toBe(false);
    const several = await open({ broker: 'redis://a/2;redis://b/2' });
    expect(several.canPush(several.url)).toBe(false);
  });
});
