import { reconnectDelayMs } from '../../runtime/backoff.js';
import { withDeadline } from '../../runtime/deadline.js';
import type { Timer } from '../../runtime/clock.js';
import type { Log } from '../../runtime/logger.js';
import { tracebackOf } from '../../message/remote-error.js';
import { INTERRUPTED } from '../outcome.js';
import { ChildRun } from './child.run.js';
import { Member, type MemberDeps, type MemberEnd } from './member.js';
import type { Pool, PoolRun, Requests } from './pool.js';

export interface ChildPoolDeps extends MemberDeps {
  readonly limits: RecycleLimits;
  readonly log: Log;
  /** 0 ≤ random < 1, for jitter. */
  readonly random: () => number;
}

/** When a child that has done nothing wrong is replaced by a fresh one. */
export interface RecycleLimits {
  /** After this many runs. */
  readonly maxTasks: number | undefined;
  /** After a run that leaves it with more memory than this, bytes. */
  readonly maxMemoryBytes: number | undefined;
}

/**
 * Runs handlers in children, one at a time in each: so one that blocks costs no other task anything, and can be killed.
 *
 * Why no library carries this (piscina, tinypool, workerpool were looked at): they call a function with arguments and give
 * its value. Needed here are messages both ways while it runs (signal, retry, updateState, publishes), a child that gets
 * ready by itself before it counts (a Nest application), processes and threads alike, the kill of one run and no other,
 * telling a dead child from a failed task, hooks at both ends of a child's life, and a size that changes. None has three of
 * these; what they do have, handing the next call to a free child, are the lines of `#serve`.
 */
export class ChildPool implements Pool {
  readonly #members = new Set<Member>();
  /** Handed in and not handed over, first come first served: children may be starting. */
  readonly #line = new Set<ChildRun>();
  #size: number;
  #runs = 0;
  /** Children in a row that died without being told to, with no run that ended well in between. */
  #deaths = 0;
  #pause: Timer | undefined;
  #phase: 'new' | 'starting' | 'running' | 'stopping' = 'new';
  #onFirst: ((failure: Error | undefined) => void) | undefined;

  constructor(
    readonly kind: 'threads' | 'prefork',
    /** For log lines. */
    readonly name: string,
    size: number,
    private readonly deps: ChildPoolDeps,
  ) {
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /** Process ids of the children; none for threads. */
  get pids(): readonly number[] {
    return [...this.#members].map(({ pid }) => pid).filter((pid) => pid !== undefined);
  }

  /** Children that wait for work or are at it. */
  get ready(): number {
    return [...this.#members].filter(({ state }) => state === 'idle' || state === 'busy').length;
  }

  /** Resolves when every child is ready. @throws what keeps one of them from it */
  async start(): Promise<void> {
    if (this.#phase !== 'new') return;
    this.#phase = 'starting';
    const first = new Promise<Error | undefined>((resolve) => (this.#onFirst = resolve));
    this.#fill();
    const failure = await first;
    if (failure !== undefined) {
      await this.stop();
      throw failure;
    }
    this.#phase = 'running';
  }

  run(requests: Requests, onStarted: () => void): PoolRun {
    this.#runs += 1;
    const run = new ChildRun(this.#runs, requests, onStarted);
    this.#line.add(run);
    this.#serve();
    return { outcomes: run.outcomes, kill: () => this.#kill(run) };
  }

  /** Grows at once; shrinks as runs end. */
  resize(size: number): void {
    this.#size = size;
    for (const member of this.#members) {
      if (this.#surplus <= 0) break;
      if (member.state === 'idle' || member.state === 'starting') this.#retire(member);
    }
    this.#fill();
  }

  async stop(): Promise<void> {
    this.#phase = 'stopping';
    this.#pause?.cancel();
    for (const run of this.#line) run.endAll(INTERRUPTED);
    this.#line.clear();
    for (const member of this.#members) {
      if (member.state === 'idle') member.retire(CHILD_STOP_MS);
      else if (member.state !== 'ending') member.kill();
    }
    // A thread that is inside native code ends only with it: it is left behind.
    const gone = Promise.all([...this.#members].map((member) => member.gone));
    const leftBehind = (): Error => new Error('left behind');
    await withDeadline(this.deps.clock, CHILD_STOP_MS + KILL_MS, gone, leftBehind).catch(() => undefined);
  }

  /** Children beyond the size, those left out that leave already. */
  get #surplus(): number {
    return [...this.#members].filter(({ state }) => state !== 'ending').length - this.#size;
  }

  #fill(): void {
    if (this.#phase === 'new' || this.#phase === 'stopping' || this.#pause !== undefined) return;
    for (let missing = -this.#surplus; missing > 0; missing -= 1) {
      this.#members.add(
        new Member(this.deps, {
          onIdle: (member) => this.#idle(member),
          onGone: (member, end) => this.#gone(member, end),
        }),
      );
    }
  }

  #idle(member: Member): void {
    if (member.runs > 0) this.#deaths = 0;
    if (this.#surplus > 0 || this.#isSpent(member)) this.#retire(member);
    else this.#serve();
    if (this.ready >= this.#size) this.#onFirst?.(undefined);
  }

  #isSpent({ runs, memoryBytes, runsOn, name }: Member): boolean {
    if (runsOn) return true;
    const { maxTasks, maxMemoryBytes } = this.deps.limits;
    if (maxTasks !== undefined && runs >= maxTasks) return true;
    if (runs === 0 || maxMemoryBytes === undefined || memoryBytes <= maxMemoryBytes) return false;
    const [used, limit] = [memoryBytes, maxMemoryBytes].map((bytes) => Math.round(bytes / 1024));
    this.deps.log.debug(
      `Pool ${this.name}: ${name} holds ${used} KiB, over its limit of ${limit} KiB: replaced`,
    );
    return true;
  }

  #retire(member: Member): void {
    member.retire(CHILD_STOP_MS);
    this.#fill();
  }

  #serve(): void {
    for (const member of this.#members) {
      while (member.state === 'idle') {
        const [next] = this.#line;
        if (next === undefined) return;
        this.#line.delete(next);
        try {
          member.take(next);
        } catch (error) {
          next.endAll({ kind: 'failed', error, runtimeMs: 0 });
        }
      }
    }
  }

  async #kill(run: ChildRun): Promise<'ended' | 'runsOn'> {
    if (this.#line.delete(run)) return 'ended';
    const member = [...this.#members].find((each) => each.run === run);
    if (member === undefined) return 'ended';
    member.kill();
    this.#fill();
    // A thread that is inside native code ends only with it.
    const { clock } = this.deps;
    return new Promise((resolve) => {
      const late = clock.after(KILL_MS, () => resolve('runsOn'));
      void member.gone.then(() => {
        late.cancel();
        resolve('ended');
      });
    });
  }

  #gone(member: Member, end: MemberEnd): void {
    this.#members.delete(member);
    if (this.#phase === 'stopping') return;
    if (end.was !== 'ending') this.#died(member, end);
    this.#fill();
  }

  #died(member: Member, { how, was, error }: MemberEnd): void {
    const { log, clock, random } = this.deps;
    const cause = error instanceof Error ? error : undefined;
    const before =
      was === 'starting' ? 'before it was ready' : was === 'busy' ? 'at a task' : 'while it waited';
    const hint = was === 'starting' && how === 'exit code 0' ? NO_WORKER : '';
    const message = `Pool ${this.name}: ${member.name} ended ${before} (${cause?.message ?? how}${hint})`;
    if (this.#phase === 'starting') {
      return this.#onFirst?.(new Error(`${message}. The worker does not start.`, { cause: error ?? how }));
    }
    this.#deaths += 1;
    const capMs = was === 'starting' ? STARTS_CAP_MS : DEATHS_CAP_MS;
    const waitMs = reconnectDelayMs(this.#deaths - 1, { firstMs: FIRST_PAUSE_MS, capMs }, random);
    log.error(`${message}. Another takes its place in ${waitMs} ms.`, tracebackOf(cause));
    this.#pause?.cancel();
    this.#pause = clock.after(waitMs, () => {
      this.#pause = undefined;
      this.#fill();
    });
  }
}

const NO_WORKER = ': did its script start the worker? See the option childEntry';
/** For its hooks and its application to close what they opened. */
const CHILD_STOP_MS = 10_000;
/** After SIGKILL. */
const KILL_MS = 1_000;
const FIRST_PAUSE_MS = 50;
/** Tasks that kill their child must not keep the others from theirs for long. */
const DEATHS_CAP_MS = 2_000;
/** What keeps a child from starting (a database that is away) may last. */
const STARTS_CAP_MS = 30_000;
