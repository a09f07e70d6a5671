import { Beat } from '../../lib/beat/beat.js';
import { beatFields, type BeatConfig, type BeatOptions } from '../../lib/beat/beat.options.js';
import type { EntryOptions } from '../../lib/beat/entry.options.js';
import { MemoryStore } from '../../lib/beat/memory.store.js';
import type { ScheduleStore } from '../../lib/beat/schedule.store.js';
import type { ResultBackend, TaskMeta } from '../../lib/backend/result-backend.js';
import type { Broker } from '../../lib/broker/broker.js';
import type { CallOptions } from '../../lib/canvas/call.options.js';
import type { AnyCanvas } from '../../lib/canvas/canvas.js';
import type { Clock } from '../../lib/runtime/clock.js';
import { readOptions } from '../../lib/runtime/options.js';
import { recordingLog } from '../broker/recording-log.js';
import { FakeClock } from '../support/fake-clock.js';

export const START = new Date('2026-03-02T09:00:00Z');

/** A clock that stands still until the test moves it, and whose wall clock can be set. */
export class SetClock extends FakeClock {
  #setMs = 0;

  override now(): number {
    return super.now() + this.#setMs;
  }

  set(byMs: number): void {
    this.#setMs += byMs;
  }
}

export interface Sent {
  readonly id: string;
  readonly task: string;
  /** `09:00:30`, or `09:00:30.250`: the wall clock at that moment. */
  readonly at: string;
}

export const timeOf = (ms: number): string => new Date(ms).toISOString().slice(11, 23).replace('.000', '');

/** Beats on one store that send into a list. */
export function beatWorld(options: BeatOptions = {}) {
  const clock = new SetClock(START);
  const log = recordingLog();
  const store: ScheduleStore = new MemoryStore(clock);
  const sent: Sent[] = [];
  const results = new Map<string, string>();
  const world = {
    clock,
    log,
    store,
    sent,
    /** Stored states of tasks by id. */
    results,
    /** What sending a task does first: throw, or wait. */
    onSend: (_task: string): void | Promise<void> => undefined,
    times: (task?: string): string[] =>
      sent.filter((each) => task === undefined || each.task === task).map(({ at }) => at),
    beat: (declared: Record<string, EntryOptions> = {}, changes: Partial<BeatDepsOf> = {}): Beat =>
      new Beat({
        store,
        broker: { url: 'memory://' } as Broker,
        producer: {
          send: async (call: AnyCanvas, options?: CallOptions) => {
            if (call.kind !== 'task') throw new Error('no task');
            await world.onSend(call.task);
            const id = options?.taskId ?? '';
            sent.push({ id, task: call.task, at: timeOf(clock.now()) });
            return { id, parent: undefined, members: undefined };
          },
        },
        producerOn: () => {
          throw new Error('nothing is recorded while it is published');
        },
        tasks: { get: () => undefined },
        taskNames: () => [],
        backend: {
          supports: { shared: true },
          get: async (taskId: string) => {
            const status = results.get(taskId);
            return status === undefined ? undefined : ({ taskId, status } as TaskMeta);
          },
        } as ResultBackend,
        resultExpiresMs: 86_400_000,
        declared: new Map(Object.entries(declared)),
        config: readOptions<BeatConfig>('celery', options, beatFields),
        clock,
        log,
        ...changes,
      }),
  };
  return world;
}

type BeatDepsOf = ConstructorParameters<typeof Beat>[0];
export type BeatWorld = ReturnType<typeof beatWorld>;

export const every = (
  schedule: EntryOptions['schedule'],
  more: Partial<EntryOptions> = {},
): EntryOptions => ({
  task: 'a.b',
  schedule,
  ...more,
});

export type { Clock };
