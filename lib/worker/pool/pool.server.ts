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
import { loadOutcome, type OutcomeCargo } from './outcome.cargo.js';
import type { ParentLink } from './parent.link.js';
import type { ProcHooks } from './proc.hooks.js';
import type { RunOrder } from './protocol.js';
import { fromThrown, toThrown, type Thrown } from './thrown.js';

export interface PoolServerDeps {
  readonly link: ParentLink;
  readonly tasks: { get(name: string): TaskDefinition | undefined };
  readonly content: Content;
  readonly runHandler: (request: Request) => Promise<Outcome>;
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
      abort: (run, reason) => this.#abort(run, reason),
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
    const lost = new AbortController();
    const { outcome, children } = await this.#outcomeOf(order, lost);
    this.#current = undefined;
    const { port } = this.deps.link;
    port.send({ kind: 'ended', run: order.run, outcome, children, memoryBytes: port.memoryBytes() });
    if (this.#stopping) this.#onStopped();
  }

  async #outcomeOf(order: RunOrder, lost: AbortController): Promise<Ended> {
    const { link, content, tasks, runHandler } = this.deps;
    try {
      const wire = link.hold.unloadMessage(order.message);
      const message =
        order.inside === undefined
          ? decodeTaskMessage(wire, content)
          : (link.hold.unload(order.inside) as TaskMessage);
      const definition = tasks.get(message.task);
      if (definition === undefined) throw new NotRegistered(message.task);
      const delivery = deliveryOf(order, wire, lost.signal);
      const request = new Request(delivery, message, definition);
      request.ackedEarly = order.ackedEarly;
      this.#current = { run: order.run, request, lost };
      const outcome = await runHandler(request);
      return { outcome: this.#loaded(outcome, request), children: request.children };
    } catch (error) {
      return { outcome: { kind: 'failed', error: toThrown(error), runtimeMs: 0 }, children: [] };
    }
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

  #abort(run: number, thrown: Thrown): void {
    if (this.#current?.run !== run) return;
    const reason = fromThrown(thrown);
    if (reason instanceof DeliveryLost) this.#current.lost.abort();
    this.#current.request.abort.abort(reason);
  }

  #stop(): void {
    this.#stopping = true;
    if (this.#current === undefined) this.#onStopped();
  }
}

interface Current {
  readonly run: number;
  readonly request: Request;
  readonly lost: AbortController;
}

interface Ended {
  readonly outcome: OutcomeCargo;
  readonly children: readonly unknown[];
}

/** The parent settles it. */
function deliveryOf({ from }: RunOrder, message: WireMessage, lost: AbortSignal): Delivery {
  const { exchange, routingKey } = from;
  return { ...handedOver(message, { exchange, routingKey }), ...from, lost };
}
