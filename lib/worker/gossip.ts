import type { EventDispatcher } from '../events/event.dispatcher.js';
import type { WorkerElect, WorkerElectAck } from '../events/event.js';
import { ClusterState } from '../events/cluster.state.js';
import { EventReceiver, type ReceiverDeps } from '../events/event.receiver.js';
import { RecentMap } from '../events/recent.map.js';
import type { WorkerRecord } from '../events/worker.record.js';
import type { Clock } from '../runtime/clock.js';
import type { Service } from '../runtime/service.js';
import { printable } from './printable.js';

export interface GossipDeps extends ReceiverDeps {
  readonly hostname: string;
  readonly events: EventDispatcher;
  /** What the winner of an election does for a topic. */
  readonly onElected: (topic: string, action: unknown) => void;
  readonly clock: Clock;
}

/** Elections that go on at a time; they are over within seconds. */
const MOST_ELECTIONS = 100;
const MOST_CANDIDATES = 1_000;

/** Hears the other workers: who there is, their clocks, and elections among them. */
export class Gossip implements Service {
  readonly name = 'gossip';
  readonly #receiver: EventReceiver;
  readonly #state: ClusterState;
  readonly #elections = new RecentMap<Election>(MOST_ELECTIONS);

  constructor(private readonly deps: GossipDeps) {
    this.#receiver = new EventReceiver({ ...deps, routingKey: 'worker.#' });
    this.#state = new ClusterState(deps.clock, { mostTasks: 1 });
    this.#receiver.on('*', (event) => {
      if (event.type.startsWith('worker-')) this.#state.apply(event);
    });
    this.#receiver.on('worker-elect', (event) => this.#candidate(event));
    this.#receiver.on('worker-elect-ack', (event) => this.#acknowledged(event));
  }

  /** Every worker that lives, this one too. */
  get workers(): readonly WorkerRecord[] {
    return this.#state.aliveWorkers();
  }

  /** Waits for nobody: a worker works without its neighbours. */
  async start(): Promise<void> {
    this.#receiver.start().catch((error: unknown) => {
      this.deps.log.warn(`Other workers are not heard: ${printable(String(error))}`);
    });
  }

  async stop(): Promise<void> {
    await this.#receiver.stop();
  }

  /** Celery's election: everyone stands and says so to all; once all have said it, the one with the smallest clock does it. */
  elect(id: string, topic: string, action: unknown): void {
    this.#elections.put(id, {
      candidates: this.#elections.get(id)?.candidates ?? [],
      acknowledged: new Set(),
    });
    void this.deps.events.tell('worker-elect', { id, topic, action, cver: 1 });
  }

  #candidate({ id, clock, hostname, pid, topic, action }: WorkerElect): void {
    const election = this.#elections.get(id) ?? { candidates: [], acknowledged: undefined };
    if (election.candidates.length >= MOST_CANDIDATES) return;
    election.candidates.push({ clock, node: `${hostname}.${pid}`, topic, action });
    this.#elections.put(id, election);
    void this.deps.events.tell('worker-elect-ack', { id });
  }

  #acknowledged({ id, hostname }: WorkerElectAck): void {
    const election = this.#elections.get(id);
    // Not one that this worker stands in.
    if (election?.acknowledged === undefined) return;
    election.acknowledged.add(hostname);
    if (election.acknowledged.size < this.workers.length) return;
    const winner = election.candidates.toSorted(byClock)[0];
    this.#elections.delete(id);
    if (winner === undefined) return;
    const { log, onElected } = this.deps;
    if (winner.node !== `${this.deps.hostname}.${process.pid}`)
      return log.log(`${printable(winner.node, 300)} was elected for ${printable(id, 100)}`);
    log.log(`This worker was elected for ${printable(id, 100)}`);
    onElected(winner.topic, winner.action);
  }
}

interface Election {
  readonly candidates: Candidate[];
  /** Workers that have seen a candidate; undefined where this worker does not stand. */
  readonly acknowledged: Set<string> | undefined;
}

interface Candidate {
  readonly clock: number;
  /** `hostname.pid` */
  readonly node: string;
  readonly topic: string;
  readonly action: unknown;
}

function byClock(one: Candidate, other: Candidate): number {
  if (one.clock !== other.clock) return one.clock - other.clock;
  return one.node < other.node ? -1 : 1;
}
