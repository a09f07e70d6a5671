import { runScript } from '../../redis/redis.script.js';
import type { RedisContext } from './redis.context.js';
import { markRedelivered, splitHeld } from './redis.redelivered.js';
import { RESTORE } from './redis.scripts.js';

/** One held message on its way back into a list. */
export interface Move {
  readonly tag: string;
  readonly list: string;
  /** Only while its lease is this; undefined: while it has one. */
  readonly expectedLease?: string;
  /** The text to put there; undefined: the message as it came, which is `suffixBytes` shorter than the held text. */
  readonly text?: Buffer;
  readonly suffixBytes: number;
}

const MOVES_AT_A_TIME = 200;

/** Moves held messages to the front or back of their lists, in this order; true for each that was still there to move. */
export async function restore(
  { link, keys }: RedisContext,
  end: 'front' | 'back',
  moves: readonly Move[],
  limitMs?: number,
): Promise<boolean[]> {
  const moved: boolean[] = [];
  for (let from = 0; from < moves.length; from += MOVES_AT_A_TIME) {
    const some = moves.slice(from, from + MOVES_AT_A_TIME);
    const answer = await link.run(
      (client) =>
        runScript(
          client,
          RESTORE,
          [keys.unacked, keys.unackedIndex, keys.leases, ...some.map((move) => move.list)],
          [
            end === 'front' ? 'RPUSH' : 'LPUSH',
            ...some.flatMap((move) => [
              move.tag,
              move.expectedLease ?? '',
              move.suffixBytes,
              move.text ?? '',
            ]),
          ],
        ),
      limitMs,
    );
    moved.push(...some.map((_, index) => Array.isArray(answer) && answer[index] === 1));
  }
  return moved;
}

/** The same for messages that had been handed out: marked as redelivered on the way. */
export async function restoreMarked(
  context: RedisContext,
  end: 'front' | 'back',
  moves: readonly Move[],
  limitMs?: number,
): Promise<boolean[]> {
  const moved: boolean[] = [];
  for (let from = 0; from < moves.length; from += MOVES_AT_A_TIME) {
    const some = moves.slice(from, from + MOVES_AT_A_TIME);
    const texts = await context.link.run(
      (client) => client.hmgetBuffer(context.keys.unacked, ...some.map((move) => move.tag)),
      limitMs,
    );
    const marked = some.map((move, index) => {
      const held = texts[index];
      const parts = held ? splitHeld(held) : undefined;
      return parts === undefined ? move : { ...move, text: markRedelivered(parts.raw) };
    });
    moved.push(...(await restore(context, end, marked, limitMs)));
  }
  return moved;
}
