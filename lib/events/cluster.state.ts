import type { Clock } from '../runtime/clock.js';
import type { CeleryEvent } from './event.js';
import { RecentMap } from './recent.map.js';
import { taskAfter, type TaskRecord } from './task.record.js';
import { isAlive, workerAfter, type WorkerRecord } from './worker.record.js';

export interface ClusterStateOptions {
  /** Tasks remembered, the latest. Default 10 000, as in Celery. */
  readonly mostTasks?: number;
  /** Workers remembered, the latest. Default 5 000, as in Celery. */
  readonly mostWorkers?: number;
}

/** What is known of a fleet from its events: workers, and tasks by their id. Its memory is bounded. */
export class ClusterState {
  readonly #clock: Clock;
  readonly #tasks: RecentMap<TaskRecord>;
  readonly #workers: RecentMap<WorkerRecord>;
  #events = 0;

  constructor(clock: Clock, { mostTasks = 10_000, mostWorkers = 5_000 }: ClusterStateOptions = {}) {
    this.#clock = clock;
    this.#tasks = new RecentMap(mostTasks);
    this.#workers = new RecentMap(mostWorkers);
  }

  /** Events taken in since the start. */
  get events(): number {
    return this.#events;
  }

  /** Takes in one event. Bound: give it to a receiver. */
  readonly apply = (event: CeleryEvent): void => {
    this.#events += 1;
    // Clients are no workers, though they tell of the tasks they send.
    if (event.type !== 'task-sent') {
      const known = this.#workers.get(event.hostname);
      this.#workers.put(event.hostname, workerAfter(known, event, this.#clock.now()));
    }
    if (!('uuid' in event) || event.uuid === undefined) return;
    const { uuid } = event;
    this.#tasks.put(uuid, taskAfter(this.#tasks.get(uuid), { ...event, uuid }));
  };

  task(id: string): TaskRecord | undefined {
    return this.#tasks.get(id);
  }

  /** Latest first. */
  tasks(): TaskRecord[] {
    return this.#tasks.all();
  }

  worker(hostname: string): WorkerRecord | undefined {
    return this.#workers.get(hostname);
  }

  /** Every worker heard of, also those that have gone; the one heard last first. */
  workers(): WorkerRecord[] {
    return this.#workers.all();
  }

  aliveWorkers(): WorkerRecord[] {
    const nowMs = this.#clock.now();
    return this.workers().filter((worker) => isAlive(worker, nowMs));
  }

  clear(): void {
    this.#tasks.clear();
    this.#workers.clear();
  }
}
