import type { ControlClient } from '../control/control.client.js';
import type { Hello } from '../control/control.types.js';
import { isRecord } from '../control/record.js';
import type { LamportClock } from '../runtime/lamport.clock.js';
import type { Log } from '../runtime/logger.js';
import type { Service } from '../runtime/service.js';
import { learnRevoked, revokedForOthers } from './control/revoked-for-others.js';
import type { RevokedTasks } from './revoked.js';

export interface MingleDeps {
  readonly hostname: string;
  readonly control: Pick<ControlClient, 'ask' | 'close'>;
  readonly revoked: RevokedTasks;
  readonly lamport: LamportClock;
  readonly log: Log;
}

/**
 * On joining a fleet: learns from its workers which tasks are revoked and what their clocks say, and tells them the same.
 * The worker does not wait for it: what is learned holds from then on, also for tasks that it has taken.
 */
export class Mingle implements Service {
  readonly name = 'mingle';
  #mingled: Promise<void> | undefined;

  constructor(private readonly deps: MingleDeps) {}

  async start(): Promise<void> {
    const { log } = this.deps;
    this.#mingled = this.#mingle()
      .catch((error: unknown) => log.debug(`No other worker was asked what is revoked: ${String(error)}`))
      .then(() => this.deps.control.close());
  }

  async stop(): Promise<void> {
    await this.deps.control.close();
  }

  /** Resolves when those who answer have answered. */
  async done(): Promise<void> {
    await this.#mingled;
  }

  async #mingle(): Promise<void> {
    const { hostname, control, revoked, lamport, log } = this.deps;
    const told = { from_node: hostname, ...revokedForOthers(revoked) };
    const replies = await control.ask<Hello | null>('hello', told);
    let learned = 0;
    for (const { hostname: from, value } of replies) {
      if (from === hostname || !isRecord(value)) continue;
      const { clock } = value;
      lamport.adjust(clock);
      learned += 1;
      learnRevoked(revoked, value);
    }
    if (learned > 0) log.log(`${hostname} has met ${learned} other worker${learned === 1 ? '' : 's'}`);
  }
}
