import type { Clock, Timer } from '../../runtime/clock.js';
import { messageOf } from '../../runtime/message-of.js';
import { WorkerLostError } from '../../task/task.signals.js';
import type { Outcome } from '../outcome.js';
import type { CargoHold } from './cargo.js';
import type { Child, SpawnChild } from './child.js';
import type { ChildRun } from './child.run.js';
import { ChildServices, type ChildServicesDeps } from './child.services.js';
import { unloadOutcome, type OutcomeCargo } from './outcome.cargo.js';
import type { FromChild } from './protocol.js';
import { fromThrown, toThrown } from './thrown.js';

export interface MemberDeps {
  readonly spawn: SpawnChild;
  readonly hold: CargoHold;
  readonly services: ChildServicesDeps;
  /** Until a child must be ready, ms. */
  readonly startTimeoutMs: number;
  readonly clock: Clock;
}

/** What a pool hears of its member. */
export interface MemberEvents {
  /** It waits for work: just started, or after a run. */
  readonly onIdle: (member: Member) => void;
  readonly onGone: (member: Member, end: MemberEnd) => void;
}

export interface MemberEnd {
  /** How, for people: `exit code 1`, `signal SIGKILL`. */
  readonly how: string;
  /** What it had come to: a child that ends while `ending` was told to. */
  readonly was: Exclude<MemberState, 'gone'>;
  /** What kept it from getting ready, where it could say so. */
  readonly error: unknown;
}

export type MemberState = 'starting' | 'idle' | 'busy' | 'ending' | 'gone';

/** One child from its start to its end, and the run it is at. */
export class Member {
  #state: MemberState = 'starting';
  #run: ChildRun | undefined;
  #unfit: unknown;
  /** Runs it has ended. */
  #runs = 0;
  /** Bytes, after its last run. */
  #memoryBytes = 0;
  #runsOn = false;
  readonly #child: Child;
  readonly #services: ChildServices;
  #deadline: Timer;
  #onGone = (): void => undefined;
  /** Resolves when the process or thread is no more. */
  readonly gone = new Promise<void>((resolve) => (this.#onGone = resolve));

  constructor(
    private readonly deps: MemberDeps,
    private readonly events: MemberEvents,
  ) {
    this.#services = new ChildServices(deps.services, (message) => this.#child.send(message));
    this.#deadline = deps.clock.after(deps.startTimeoutMs, () => {
      this.#unfit = new Error(`It was not ready within ${deps.startTimeoutMs / 1000}s`);
      this.#child.kill();
    });
    this.#child = this.#spawned();
  }

  get state(): MemberState {
    return this.#state;
  }
  get name(): string {
    return this.#child.name;
  }
  get pid(): number | undefined {
    return this.#child.pid;
  }
  get run(): ChildRun | undefined {
    return this.#run;
  }
  get runs(): number {
    return this.#runs;
  }
  get memoryBytes(): number {
    return this.#memoryBytes;
  }
  /** A handler whose run has ended is still at work there. */
  get runsOn(): boolean {
    return this.#runsOn;
  }

  /** Only when idle. @throws EncodeError for a message that cannot be told to a child: it stays idle */
  take(run: ChildRun): void {
    const order = run.order(this.deps.hold);
    this.#state = 'busy';
    this.#run = run;
    this.#child.send(order);
    run.begin((item, reason) =>
      this.#child.send({ kind: 'abort', run: run.number, item, reason: toThrown(reason) }),
    );
  }

  /** It leaves by itself, or is killed after this long. Not while it is at a run. */
  retire(withinMs: number): void {
    if (this.#state === 'gone' || this.#state === 'ending') return;
    this.#state = 'ending';
    this.#deadline.cancel();
    this.#deadline = this.deps.clock.after(withinMs, () => this.#child.kill());
    this.#child.send({ kind: 'stop' });
  }

  kill(): void {
    if (this.#state === 'gone') return;
    this.#state = 'ending';
    this.#child.kill();
  }

  /** Without memory for another process Node throws at once, where it tells of other failures later. */
  #spawned(): Child {
    try {
      return this.deps.spawn({
        onMessage: (message) => this.#heard(message),
        onExit: (how) => this.#exited(how),
      });
    } catch (error) {
      queueMicrotask(() => this.#exited(`it could not be started: ${messageOf(error)}`));
      return NO_CHILD;
    }
  }

  #heard(message: FromChild): void {
    // The application's own script runs there too, and may send to its parent what it likes.
    if (typeof message !== 'object' || message === null) return;
    switch (message.kind) {
      case 'ready':
        if (this.#state !== 'starting') return;
        this.#deadline.cancel();
        return this.#idle();
      case 'unfit':
        this.#unfit = fromThrown(message.error);
        return;
      case 'ended':
        return this.#ended(message);
      case 'call':
      case 'watch':
      case 'unwatch':
        return this.#services.heard(message);
      case 'bye':
        return;
      default:
        message satisfies never;
    }
  }

  #ended({ run: number, ends, memoryBytes, runsOn }: Extract<FromChild, { kind: 'ended' }>): void {
    const run = this.#run;
    if (run?.number !== number) return;
    this.#run = undefined;
    this.#runs += 1;
    this.#memoryBytes = memoryBytes;
    this.#runsOn = runsOn;
    run.end(ends.map(({ outcome, children }) => ({ outcome: this.#unloaded(outcome), children })));
    if (this.#state === 'busy') this.#idle();
  }

  #unloaded(outcome: OutcomeCargo): Outcome {
    try {
      return unloadOutcome(outcome, this.deps.hold);
    } catch (error) {
      return { kind: 'failed', error, runtimeMs: 0 };
    }
  }

  #idle(): void {
    this.#state = 'idle';
    this.events.onIdle(this);
  }

  #exited(how: string): void {
    if (this.#state === 'gone') return;
    const was = this.#state;
    this.#state = 'gone';
    this.#deadline.cancel();
    this.#services.close();
    this.#run?.endAll({ kind: 'workerLost', error: new WorkerLostError(how) });
    this.#run = undefined;
    this.#onGone();
    this.events.onGone(this, { how, was, error: this.#unfit });
  }
}

const NO_CHILD: Child = Object.freeze({
  name: 'a child',
  pid: undefined,
  send: () => undefined,
  kill: () => undefined,
});
