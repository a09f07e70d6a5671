import { describe, expect, it } from 'vitest';
import { ClusterState } from '../../lib/events/cluster.state.js';
import type { CeleryEvent } from '../../lib/events/event.js';
import { readEvent, readEvents } from '../../lib/events/event.codec.js';
import { contentOf } from '../message/open-content.js';
import { FakeClock } from '../support/fake-clock.js';
import { captured, wireOf } from './captured.js';

const content = await contentOf();
const START_S = Date.parse('2026-11-21T04:18:00Z') / 1000;

function event(type: string, fields: object = {}, at = 0): CeleryEvent {
  const origin = { hostname: 'w1@vm', utcoffset: 0, pid: 7, clock: at, timestamp: START_S + at };
  const read = readEvent({ type, ...origin, ...(type.startsWith('task-') ? { uuid: 'a' } : {}), ...fields });
  if (read === undefined) throw new Error(`no event: ${type}`);
  return read;
}

const clockAtStart = () => new FakeClock(new Date(START_S * 1000));
const CALL = { name: 'add', args: '(1,)', kwargs: '{}', root_id: 'a', parent_id: null, retries: 0 };

describe('tasks', () => {
  it('pass through the states of their events, and keep what each said', () => {
    const state = new ClusterState(clockAtStart());
    const client = { hostname: 'gen1@vm', ...CALL, queue: 'mail', exchange: '', routing_key: 'mail' };
    const states = [
      event('task-sent', client, 1),
      event('task-received', { ...CALL, group_id: 'g', chord_id: 'c', argsjson: '[[1],{}]' }, 2),
      event('task-started', {}, 3),
      event('task-succeeded', { result: '3', runtime: 0.25 }, 4),
    ].map((each) => {
      state.apply(each);
      return state.task('a')?.state;
    });

    expect(states).toEqual(['PENDING', 'RECEIVED', 'STARTED', 'SUCCESS']);
    expect(state.task('a')).toMatchObject({
      id: 'a',
      name: 'add',
      worker: 'w1@vm',
      client: 'gen1@vm',
      queue: 'mail',
      groupId: 'g',
      chordId: 'c',
      argsJson: '[[1],{}]',
      result: '3',
      runtimeMs: 250,
      sentMs: (START_S + 1) * 1000,
      endedMs: (START_S + 4) * 1000,
      updatedMs: (START_S + 4) * 1000,
      clock: 4,
    });
  });

  it('are not set back by events that come late, which only fill gaps', () => {
    const state = new ClusterState(clockAtStart());
    for (const each of [
      event('task-succeeded', { result: '3', runtime: 1 }, 4),
      event('task-started', {}, 3),
      event('task-received', { ...CALL, hostname: 'other@vm' }, 2),
    ])
      state.apply(each);

    expect(state.task('a')).toMatchObject({
      state: 'SUCCESS',
      name: 'add',
      worker: 'w1@vm',
      startedMs: (START_S + 3) * 1000,
      receivedMs: (START_S + 2) * 1000,
      updatedMs: (START_S + 4) * 1000,
    });
  });

  it('that are retried begin anew', () => {
    const state = new ClusterState(clockAtStart());
    state.apply(event('task-retried', { exception: "Error('busy')", traceback: 'x' }, 1));
    state.apply(event('task-sent', { ...CALL, hostname: 'gen1@vm' }, 1));
    expect(state.task('a')?.state).toBe('RETRY');

    state.apply(event('task-received', { ...CALL, retries: 1 }, 2));

    expect(state.task('a')).toMatchObject({ state: 'RECEIVED', retries: 1 });
  });

  it('have states of their own after events of their own', () => {
    const state = new ClusterState(clockAtStart());
    state.apply(event('task-progress', { done: 3 }));

    expect(state.task('a')).toMatchObject({ state: 'PROGRESS', name: undefined });
  });

  it('are remembered in a bounded number, the latest, and each bounded', () => {
    const state = new ClusterState(clockAtStart(), { mostTasks: 3, mostWorkers: 2 });
    for (let index = 0; index < 10; index += 1)
      state.apply(
        event('task-succeeded', { uuid: `t${index}`, hostname: `w${index}`, result: 'x'.repeat(9_999) }),
      );

    expect(state.tasks().map(({ id }) => id)).toEqual(['t9', 't8', 't7']);
    expect(state.workers()).toHaveLength(2);
    expect(state.task('t9')?.result).toHaveLength(4_099);
    expect(state.events).toBe(10);
  });
});

describe('workers', () => {
  it('live as long as their heartbeats come', async () => {
    const clock = clockAtStart();
    const state = new ClusterState(clock);
    const alive = () => state.aliveWorkers().map(({ hostname }) => hostname);
    state.apply(
      event('worker-online', { freq: 2, active: 1, processed: 5, sw_ident: 'py-celery', sw_ver: '5.6.2' }),
    );
    await clock.advance(3_999);
    expect(alive()).toEqual(['w1@vm']);
    await clock.advance(1);
    expect(alive()).toEqual([]);
    state.apply(event('worker-heartbeat', { freq: 2 }, 4));
    expect(alive()).toEqual(['w1@vm']);
    expect(state.worker('w1@vm')).toMatchObject({
      active: 1,
      processed: 5,
      software: 'py-celery 5.6.2',
      heartbeatMs: 2_000,
      driftMs: 0,
      clock: 4,
    });

    state.apply(event('worker-offline', { freq: 2 }, 5));

    expect(alive()).toEqual([]);
  });

  it('are seen by any of their events, but clients are none', () => {
    const state = new ClusterState(clockAtStart());
    state.apply(event('task-started', { hostname: 'w2@vm' }));
    state.apply(event('task-sent', { hostname: 'gen1@vm', uuid: 'b', ...CALL }));

    expect(state.workers().map(({ hostname }) => hostname)).toEqual(['w2@vm']);
  });
});

it.each(['5.2.6', '5.6'] as const)('what Celery %s tells is understood', (version) => {
  const state = new ClusterState(clockAtStart());
  for (const each of captured(version)) readEvents(wireOf(each), content).events.forEach(state.apply);

  expect(state.workers().map(({ hostname }) => hostname)).toEqual(['w1@vm']);
  expect(new Set(state.tasks().map((task) => task.state))).toContain('REVOKED');
  expect(state.tasks().every((task) => task.worker === 'w1@vm')).toBe(true);
});
