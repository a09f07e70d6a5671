import { withDeadline } from '../runtime/deadline.js';
import type { Clock } from '../runtime/clock.js';
import { compileGlob } from '../runtime/glob.js';
import type { Log } from '../runtime/logger.js';
import { messageOf, stackOf } from '../runtime/message-of.js';
import { runAsIfWatched, type Owner } from '../runtime/owner.js';
import type { HookEvents, HookName } from './hook.events.js';

/** Calls a listener may take before what waits for it goes on without it. */
const LISTENER_LIMIT_MS = 10_000;

/** One listener of the application. */
export interface Hook {
  readonly on: HookName;
  /** Pattern of the task's name, as in a shell: `mail.*`. Undefined: every task. */
  readonly task: string | undefined;
  /** For log lines: `Audit.onFailure`. */
  readonly source: string;
  readonly listener: (event: never) => unknown;
}

/** The application's listeners. One that throws or hangs is logged and harms nobody; where there is none, nothing is done. */
export class Hooks {
  readonly #listeners = new Map<HookName, Listener[]>();

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  add({ on, task, source, listener }: Hook): void {
    const wants = task === undefined ? () => true : compileGlob(task);
    const call = listener as (event: unknown) => unknown;
    const owner: Owner = { label: `Listener ${source} of ${on}`, escaped: () => 'ended' };
    this.#listeners.set(on, [...(this.#listeners.get(on) ?? []), { source, owner, wants, call }]);
  }

  /** True when anybody listens: what costs something to tell is worth telling. */
  has(on: HookName): boolean {
    return this.#listeners.has(on);
  }

  /** Tells all listeners and goes on. */
  tell<E extends HookName>(on: E, event: () => HookEvents[E]): void {
    if (this.has(on)) void this.#tellAll(on, event());
  }

  /** Resolves when all listeners have been told, one after the other, or have taken too long. Never rejects. */
  async told<E extends HookName>(on: E, event: () => HookEvents[E]): Promise<void> {
    if (this.has(on)) await this.#tellAll(on, event());
  }

  async #tellAll(on: HookName, event: HookEvents[HookName]): Promise<void> {
    for (const { source, owner, wants, call } of this.#listeners.get(on) ?? []) {
      if ('name' in event && !wants(event.name)) continue;
      const late = (): Error => new Error(`it took longer than ${LISTENER_LIMIT_MS / 1000}s`);
      try {
        const told: unknown = runAsIfWatched(owner, () => call(event));
        if (told instanceof Promise) await withDeadline(this.clock, LISTENER_LIMIT_MS, told, late);
      } catch (error) {
        const text = messageOf(error);
        this.log.error(`Listener ${source} of ${on} failed: ${text}`, stackOf(error));
      }
    }
  }
}

interface Listener {
  readonly source: string;
  readonly owner: Owner;
  readonly wants: (task: string) => boolean;
  readonly call: (event: unknown) => unknown;
}
