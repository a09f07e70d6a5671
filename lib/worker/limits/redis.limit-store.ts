import type { Script, ScriptRunner } from '../../redis/redis.script.js';
import { Batch } from './batch.js';
import { GO, type Answer, type LimitStore, type Wish } from './limit-store.js';
import { LimitKeys } from './redis.limit-keys.js';
import { ASK, LEAVE, LINE_UP, RENEW } from './redis.limit-scripts.js';

export interface RedisLimitStoreDeps {
  readonly scripts: ScriptRunner;
  /** Undefined: what is put away comes when it is due. */
  readonly recall: ((marks: readonly string[]) => void) | undefined;
  /** Messages may come back so much after the time they were told. */
  readonly slackMs: number;
  /** 0 ≤ random < 1. */
  readonly random: () => number;
}

interface LinedUp {
  readonly wish: Wish;
  readonly mark: string;
}

interface Departure {
  readonly wish: Wish;
  readonly gone: 'permit' | 'message';
  readonly ranMs: number | undefined;
}

type Arg = string | number;

/** Counts in Redis, by its clock. What comes while an answer is still to come goes in one script. */
export class RedisLimitStore implements LimitStore {
  readonly #asks = new Batch<Wish, Answer>(MOST, (wishes) => this.#ask(wishes, TAKE));
  readonly #promises = new Batch<Wish, Answer>(MOST, (wishes) => this.#ask(wishes, TAKE_NOTHING));
  readonly #lineUps = new Batch<LinedUp, void>(MOST, (items) =>
    this.#tell(LINE_UP, items, ({ wish, mark }, keys) => [
      keys.runsOf(wish),
      wish.concurrency?.max ?? '',
      wish.ticket,
      mark,
    ]),
  );
  readonly #leaves = new Batch<Departure, void>(MOST, (items) =>
    this.#tell(LEAVE, items, ({ wish, gone, ranMs }, keys) => [
      gone === 'permit' ? wish.permit : '',
      gone === 'message' ? wish.ticket : '',
      keys.rateOf(wish),
      keys.runsOf(wish),
      wish.concurrency?.max ?? '',
      ranMs ?? '',
    ]),
  );

  constructor(private readonly deps: RedisLimitStoreDeps) {}

  ask(wish: Wish): Promise<Answer> {
    return this.#asks.add(wish);
  }

  promise(wish: Wish): Promise<Answer> {
    return this.#promises.add(wish);
  }

  async lineUp(wish: Wish, mark: string): Promise<void> {
    if (this.deps.recall !== undefined && wish.concurrency !== undefined)
      await this.#lineUps.add({ wish, mark });
  }

  leave(wish: Wish, ranMs: number | undefined): Promise<void> {
    return this.#leaves.add({ wish, gone: 'permit', ranMs });
  }

  forget(wish: Wish): Promise<void> {
    return this.#leaves.add({ wish, gone: 'message', ranMs: undefined });
  }

  async renew(wishes: readonly Wish[]): Promise<void> {
    await this.#tell(RENEW, wishes, (wish, keys) => [keys.runsOf(wish), wish.permit]);
  }

  async #ask(wishes: readonly Wish[], take: number): Promise<Answer[]> {
    const { scripts, slackMs, recall, random } = this.deps;
    const keys = new LimitKeys(scripts.prefix);
    const args: Arg[] = [slackMs, recall === undefined ? 0 : 1, take];
    for (const wish of wishes) {
      args.push(wish.ticket, wish.permit);
      args.push(keys.rateOf(wish), wish.rate?.intervalMs ?? '', wish.rate?.burst ?? '');
      args.push(keys.runsOf(wish), wish.concurrency?.max ?? '', random());
    }
    const reply = listed(await scripts.run(ASK, keys.all, args));
    const answers = listed(reply[0]);
    this.#recall(reply[1]);
    return wishes.map((_, index) => answerOf(Number(answers[2 * index]), Number(answers[2 * index + 1])));
  }

  async #tell<T>(
    script: Script,
    items: readonly T[],
    argsOf: (item: T, keys: LimitKeys) => readonly Arg[],
  ): Promise<undefined[]> {
    const { scripts } = this.deps;
    const keys = new LimitKeys(scripts.prefix);
    const args = items.flatMap((item) => argsOf(item, keys));
    this.#recall(await scripts.run(script, keys.all, args));
    return items.map(() => undefined);
  }

  #recall(reply: unknown): void {
    const marks = listed(reply)
      .map(String)
      .filter((mark) => mark !== '');
    if (marks.length > 0) this.deps.recall?.(marks);
  }
}

const TAKE = 1;
const TAKE_NOTHING = 0;
/** Wishes in one script, which keeps Redis busy for a few ms at most. */
const MOST = 200;

function listed(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : [];
}

function answerOf(kind: number, waitMs: number): Answer {
  if (kind === 0) return GO;
  return { answer: kind === 1 ? 'rate' : 'concurrency', waitMs };
}
