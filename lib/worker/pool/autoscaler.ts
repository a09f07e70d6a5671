import type { Clock, Timer } from '../../runtime/clock.js';
import type { Log } from '../../runtime/logger.js';
import type { Service } from '../../runtime/service.js';
import { scaledSize } from './autoscale.js';
import type { PoolUnit } from './pools.js';

export interface AutoscalerDeps {
  readonly units: readonly PoolUnit[];
  readonly clock: Clock;
  readonly log: Log;
}

/** Looks at the load of the pools that scale, every second, and gives each the size it needs. */
export class Autoscaler implements Service {
  readonly name = 'autoscaler';
  readonly #grownMs = new Map<PoolUnit, number>();
  #timer: Timer | undefined;
  #running = false;

  constructor(private readonly deps: AutoscalerDeps) {}

  async start(): Promise<void> {
    this.#running = true;
    this.look();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#timer?.cancel();
  }

  /** Looks now. Costs no timer while no pool scales. */
  look(): void {
    this.#timer?.cancel();
    if (!this.#running) return;
    const scaling = this.deps.units.filter(({ range }) => range !== undefined);
    for (const unit of scaling) this.#scale(unit);
    if (scaling.length > 0) this.#timer = this.deps.clock.after(LOOK_MS, () => this.look());
  }

  #scale(unit: PoolUnit): void {
    const { name, slots, range } = unit;
    if (range === undefined) return;
    const nowMs = this.deps.clock.monotonicMs();
    const { size } = slots;
    const load = slots.busy + slots.waiting;
    const sinceGrowthMs = nowMs - (this.#grownMs.get(unit) ?? -Infinity);
    const wanted = scaledSize({ size, load, range, sinceGrowthMs });
    if (wanted === size) return;
    if (wanted > size) this.#grownMs.set(unit, nowMs);
    this.deps.log.log(`Pool ${name} scales from ${size} to ${wanted}: ${load} tasks run or wait`);
    resize(unit, wanted);
  }
}

export function resize({ slots, pool }: PoolUnit, size: number): void {
  pool.resize(size);
  slots.resize(size);
}

const LOOK_MS = 1_000;
