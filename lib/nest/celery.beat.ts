import type { BackendConfig } from '../backend/backend.options.js';
import type { ResultBackend } from '../backend/result-backend.js';
import type { Beat } from '../beat/beat.js';
import type { BeatConfig } from '../beat/beat.options.js';
import { entryPath } from '../beat/entry.js';
import type { EntryOptions } from '../beat/entry.options.js';
import { ScheduleClient, type ScheduleClientDeps } from '../beat/schedule.client.js';
import type { ScheduleStore } from '../beat/schedule.store.js';
import type { TickSenderDeps } from '../beat/tick.sender.js';
import { InvalidOptionError } from '../errors.js';
import type { Hooks } from '../hooks/hooks.js';
import type { Clock } from '../runtime/clock.js';
import type { Log } from '../runtime/logger.js';
import { durationMs, type Duration } from '../runtime/duration.js';

export interface CeleryBeatDeps extends Omit<TickSenderDeps, 'store'>, Pick<ScheduleClientDeps, 'send'> {
  readonly store: ScheduleStore;
  readonly backend: ResultBackend | undefined;
  readonly taskNames: () => Iterable<string>;
  readonly hooks: Hooks;
  readonly config: BeatConfig & Pick<BackendConfig, 'resultExpires'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a beat that is asked for may differ in. */
export interface StartBeatOptions {
  /** Beside a worker in its process (`-B`). Default false. */
  readonly embedded?: boolean;
  /** Over `beatMaxLoopInterval`. */
  readonly maxInterval?: Duration;
}

/** The periodic tasks of one app: what its code declares, the client that changes them, and its beat where one runs. */
export class CeleryBeat {
  readonly schedules: ScheduleClient;
  readonly #declared: Map<string, EntryOptions>;
  #beat: Beat | undefined;

  constructor(private readonly deps: CeleryBeatDeps) {
    const { config } = deps;
    this.#declared = new Map(Object.entries(config.beatSchedule));
    const { timezone, beatCronStartingDeadline: cronStartingDeadlineMs } = config;
    const defaults = { timezone, cronStartingDeadlineMs };
    this.schedules = new ScheduleClient({ ...deps, declared: this.#declared, defaults });
  }

  /** Undefined: none runs in this process. */
  get running(): Beat | undefined {
    return this.#beat;
  }

  /** @throws InvalidOptionError for a name that is taken */
  declare(name: string, options: EntryOptions, source: string): void {
    if (this.#declared.has(name)) {
      throw new InvalidOptionError(
        entryPath(name),
        `${source} declares it once more. Give one of them another name: @Periodic(…, { name: '…' }).`,
      );
    }
    this.#declared.set(name, options);
  }

  /** Starts this process's beat; a second call starts no second one. */
  async start({ embedded = false, maxInterval }: StartBeatOptions = {}): Promise<Beat> {
    const { Beat: NewBeat } = await import('../beat/beat.js');
    if (this.#beat !== undefined) return this.#beat;
    const { config, store, hooks } = this.deps;
    const longest =
      maxInterval === undefined ? {} : { beatMaxLoopInterval: durationMs(maxInterval, 'maxInterval') };
    const beat = new NewBeat({
      ...this.deps,
      declared: this.#declared,
      resultExpiresMs: config.resultExpires,
      config: { ...config, ...longest },
    });
    this.#beat = beat;
    await hooks.told(embedded ? 'beat-embedded-init' : 'beat-init', () => ({ store: store.url }));
    await beat.start();
    return beat;
  }

  /** Safe to repeat. */
  async stop(): Promise<void> {
    await this.#beat?.stop();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.deps.store.close();
  }
}
