import { loadavg, type } from 'node:os';
import type { WorkerState, EventOrigin } from '../events/event.js';
import type { EventDispatcher } from '../events/event.dispatcher.js';
import type { Clock, Timer } from '../runtime/clock.js';
import type { Service } from '../runtime/service.js';
import { VERSION } from '../runtime/version.js';

export interface HeartbeatDeps {
  readonly events: EventDispatcher;
  /** Where the worker stands. */
  readonly counts: () => { readonly running: number; readonly processed: number };
  readonly intervalMs: number;
  readonly clock: Clock;
}

/** Tells monitors and other workers that this worker is there, again and again, and when it goes. */
export class Heartbeat implements Service {
  readonly name = 'heartbeat';
  #timer: Timer | undefined;

  constructor(private readonly deps: HeartbeatDeps) {}

  /** Waits for nobody: a broker that is slow to take it keeps no worker from working. */
  async start(): Promise<void> {
    void this.deps.events.tell('worker-online', this.#state());
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    void this.deps.events.tell('worker-offline', this.#state());
    await this.deps.events.flush();
  }

  beat(): void {
    void this.deps.events.tell('worker-heartbeat', this.#state());
  }

  #arm(): void {
    this.#timer = this.deps.clock.after(this.deps.intervalMs, () => {
      this.beat();
      this.#arm();
    });
  }

  #state(): Omit<WorkerState, keyof EventOrigin> {
    const { running: active, processed } = this.deps.counts();
    return { freq: this.deps.intervalMs / 1000, active, processed, loadavg: loads(), ...SOFTWARE };
  }
}

/** Who we are, in the words of Celery's events. */
const SOFTWARE = Object.freeze({ sw_ident: 'nestjs-celery', sw_ver: VERSION, sw_sys: type() });

function loads(): number[] {
  return loadavg().map((load) => Math.round(load * 100) / 100);
}
