import { describe, expect, it } from 'vitest';
import { readEvent, readEvents } from '../../lib/events/event.codec.js';
import { contentOf } from '../message/open-content.js';
import { aMessage } from '../support/a-message.js';
import { captured, wireOf } from './captured.js';

const content = await contentOf();
const ORIGIN = { hostname: 'w1@vm', utcoffset: 0, pid: 7, clock: 3, timestamp: 1795234062.5 };

describe.each(['5.2.6', '5.6'] as const)('events of Celery %s', (version) => {
  it('are all understood, with every field', () => {
    for (const each of captured(version)) {
      const sent: unknown = JSON.parse(each.body);
      const { events, unread } = readEvents(wireOf(each), content);

      expect(unread).toBe(0);
      expect(events).toMatchObject(Array.isArray(sent) ? sent : [sent]);
    }
  });

  it('hold one of each kind', () => {
    const events = captured(version).flatMap((each) => readEvents(wireOf(each), content).events);
    const types = new Set(events.map(({ type }) => type));

    expect([...types].toSorted()).toEqual([
      'task-failed',
      'task-received',
      'task-retried',
      'task-revoked',
      'task-started',
      'task-succeeded',
      'worker-heartbeat',
      'worker-offline',
      'worker-online',
    ]);
  });
});

describe('events from other hands', () => {
  it('of an unknown type are kept whole', () => {
    expect(readEvent({ type: 'task-progress', ...ORIGIN, uuid: 'a', done: 3 })).toEqual({
      type: 'custom',
      name: 'task-progress',
      ...ORIGIN,
      uuid: 'a',
      fields: { done: 3 },
    });
  });

  it('with fields of a wrong type are shown as well as can be', () => {
    const event = readEvent({ type: 'task-succeeded', ...ORIGIN, clock: 'x', uuid: 'a', result: 3 });

    expect(event).toEqual({ type: 'task-succeeded', ...ORIGIN, clock: 0, uuid: 'a', result: '', runtime: 0 });
  });

  it.each([
    ['nothing', null],
    ['a list', []],
    ['no type', ORIGIN],
    ['no sender', { type: 'worker-online', timestamp: 1 }],
    ['no time', { type: 'worker-online', hostname: 'w' }],
    ['an infinite time', { type: 'worker-online', ...ORIGIN, timestamp: Infinity }],
    ['a time that no date has', { type: 'worker-online', ...ORIGIN, timestamp: 1e13 }],
    ['a task without its id', { type: 'task-started', ...ORIGIN }],
    ['a type of the language', { type: 'constructor', hostname: 'w' }],
  ])('%s is no event', (_, item) => {
    expect(readEvent(item)).toBeUndefined();
  });

  it('that cannot be read are counted, and keep none from being read', () => {
    const good = { type: 'worker-elect-ack', ...ORIGIN, id: 'e' };

    expect(readEvents(aMessage({ body: JSON.stringify([1, good, {}]) }), content)).toEqual({
      events: [good],
      unread: 2,
    });
    expect(readEvents(aMessage({ body: '{' }), content)).toEqual({ events: [], unread: 1 });
    const pickled = aMessage({ contentType: 'application/x-python-serialize', contentEncoding: 'binary' });
    expect(readEvents(pickled, content)).toEqual({ events: [], unread: 1 });
  });
});
