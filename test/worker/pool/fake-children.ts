import type { Child, ChildEvents, SpawnChild } from '../../../lib/worker/pool/child.js';
import type { FromChild, RunOrder, ToChild } from '../../../lib/worker/pool/protocol.js';

/** A child that does what the test says. */
export class FakeChild implements Child {
  readonly pid: number;
  readonly name: string;
  readonly heard: ToChild[] = [];
  killed = false;
  #gone = false;

  constructor(
    number: number,
    private readonly events: ChildEvents,
  ) {
    this.pid = number;
    this.name = `child ${number}`;
  }

  send(message: ToChild): void {
    if (!this.#gone) this.heard.push(structuredClone(message));
  }
  kill(): void {
    this.killed = true;
    this.exit('signal SIGKILL');
  }

  ready(): this {
    return this.say({ kind: 'ready' });
  }
  say(message: FromChild): this {
    if (!this.#gone) this.events.onMessage(structuredClone(message));
    return this;
  }
  exit(how = 'exit code 1'): void {
    if (this.#gone) return;
    this.#gone = true;
    this.events.onExit(how);
  }

  /** The run it is at. */
  get order(): RunOrder | undefined {
    return this.heard.findLast((message) => message.kind === 'run');
  }
  get isTold(): string[] {
    return this.heard.map((message) => message.kind);
  }
  /** Its run succeeds. */
  succeeds(value: unknown = null, memoryBytes = 0): this {
    const run = this.order?.run ?? 0;
    const outcome = { kind: 'succeeded', value: { plain: value }, runtimeMs: 1 } as const;
    return this.say({ kind: 'ended', run, ends: [{ outcome, children: [] }], memoryBytes, runsOn: false });
  }
}

/** Spawns fakes, and keeps them. */
export function fakeChildren() {
  const all: FakeChild[] = [];
  const spawn: SpawnChild = (events) => {
    const child = new FakeChild(all.length, events);
    all.push(child);
    return child;
  };
  return { all, spawn };
}
