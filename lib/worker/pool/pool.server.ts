import { DeliveryLost } from '../../task/task.signals.js';
import type { Delivery } from '../../broker/broker.js';
import { NotRegistered } from '../../errors.js';
import type { Content } from '../../message/content.js';
import { decodeTaskMessage } from '../../message/task-message.codec.js';
import type { TaskMessage } from '../../message/task-message.js';
import type { TaskDefinition } from '../../task/task.definition.js';
import type { WireMessage } from '../../message/wire-message.js';
import { handedOver } from '../handed-over.js';
import type { Outcome } from '../outcome.js';
import { Request } from '../request.js';
import type { RunHandler } from './async.pool.js';
import { loadOutcome, type OutcomeCargo } from './outcome.cargo.js';
import type { ParentLink } from './parent.link.js';
import type { ProcHooks } from './proc.hooks.js';
import type { ItemEnd, RunItem, RunOrder } from './protocol.js';
import { fromThrown, toThrown, type Thrown } from './thrown.js';

export interface PoolServerDeps {
  readonly link: ParentLink;
  readonly tasks: { get(name: string): TaskDefinition | undefined };
  readonly content: Content;
  readonly runHandler: RunHandler;
  readonly hooks: ProcHooks;
}

/** A child of a pool at work: runs what its parent hands over, one handler at a time. */
export class PoolServer {
  #current: Current | undefined;
  #stopping = false;
  #onStopped = (): void => undefined;
  readonly #stopped = new Promise<void>((resolve) => (this.#onStopped = resolve));

  constructor(private readonly deps: PoolServerDeps) {}

  /** Resolves when the parent has let go of it. @throws what a `workerProcInit` hook threw: the child is unfit */
  async serve(): Promise<void> {
    const { link, hooks } = this.deps;
    link.obey({
      run: (order) => void this.#run(order),
      abort: (run, item, reason) => this.#abort(run, item, reason),
      stop: () => this.#stop(),
    });
    try {
      await hooks.init();
    } catch (error) {
      link.port.send({ kind: 'unfit', error: toThrown(error) });
      throw error;
    }
    link.port.send({ kind: 'ready' });
    await this.#stopped;
    await hooks.shutdown();
  }

  async #run(order: RunOrder): Promise<void> {
    const { ends, runsOn } = await this.#endOf(order);
    this.#current = undefined;
    const { port } = this.deps.link;
    port.send({ kind: 'ended', run: order.run, ends, memoryBytes: port.memoryBytes(), runsOn });
    if (this.#stopping) this.#onStopped();
  }

  async #endOf(order: RunOrder): Promise<RunEnd> {
    try {
      const parts = order.items.map((item) => this.#partOf(item));
      const [first, ...others] = parts.map(({ request }) => request);
      if (first === undefined) return { ends: [], runsOn: false };
      this.#current = { run: order.run, parts };
      const cut = cutOf([first, ...others]);
      const ran = this.deps.runHandler([first, ...others]).then((outcomes) => ({ outcomes, runsOn: false }));
      const { outcomes, runsOn } = await Promise.race([ran, cut]);
      for (const { request } of parts) request.running = undefined;
      return { ends: parts.map(({ request }, item) => this.#itemEnd(request, outcomes[item])), runsOn };
    } catch (error) {
      const outcome: OutcomeCargo = { kind: 'failed', error: toThrown(error), runtimeMs: 0 };
      return { ends: order.items.map(() => ({ outcome, children: [] })), runsOn: false };
    }
  }

  #partOf(item: RunItem): Part {
    const { link, content, tasks } = this.deps;
    const wire = link.hold.unloadMessage(item.message);
    const message =
      item.inside === undefined
        ? decodeTaskMessage(wire, content)
        : (link.hold.unload(item.inside) as TaskMessage);
    const definition = tasks.get(message.task);
    if (definition === undefined) throw new NotRegistered(message.task);
    const lost = new AbortController();
    const request = new Request(deliveryOf(item, wire, lost.signal), message, definition);
    request.ackedEarly = item.ackedEarly;
    return { request, lost };
  }

  #itemEnd(request: Request, outcome: Outcome | undefined): ItemEnd {
    if (outcome === undefined) throw new Error(`no outcome of ${request.label}`);
    return { outcome: this.#loaded(outcome, request), children: request.children };
  }

  /** A result that cannot be written is a failure, as in every pool. */
  #loaded(outcome: Outcome, request: Request): OutcomeCargo {
    try {
      return loadOutcome(outcome, request, this.deps.link.hold);
    } catch (error) {
      const runtimeMs = outcome.kind === 'succeeded' ? outcome.runtimeMs : 0;
      return { kind: 'failed', error: toThrown(error), runtimeMs };
    }
  }

  #abort(run: number, item: number, thrown: Thrown): void {
    if (this.#current?.run !== run) return;
    const reason = fromThrown(thrown);
    const part = this.#current.parts[item];
    if (reason instanceof DeliveryLost) part?.lost.abort();
    part?.request.abort.abort(reason);
  }

  #stop(): void {
    this.#stopping = true;
    if (this.#current === undefined) this.#onStopped();
  }
}

interface Current {
  readonly run: number;
  readonly parts: readonly Part[];
}

/** One message of the run. */
interface Part {
  readonly request: Request;
  readonly lost: AbortController;
}

interface RunEnd {
  readonly ends: readonly ItemEnd[];
  readonly runsOn: boolean;
}

/** Resolves when all of them are cut short. */
async function cutOf(
  requests: readonly Request[],
): Promise<{ outcomes: readonly Outcome[]; runsOn: boolean }> {
  const cuts = requests.map((request) => {
    return new Promise<Outcome>((resolve) => {
      request.running = {
        cutShort(outcome) {
          request.running = undefined;
          resolve(outcome);
        },
        // The parent's doing.
        terminate: NOTHING,
      };
    });
  });
  return { outcomes: await Promise.all(cuts), runsOn: true };
}

/** The parent settles it. */
function deliveryOf({ from }: RunItem, message: WireMessage, lost: AbortSignal): Delivery {
  const { exchange, routingKey } = from;
  return { ...handedOver(message, { exchange, routingKey }), ...from, lost };
}

const NOTHING = (): void => undefined;
