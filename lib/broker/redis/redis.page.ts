import type { WireMessage } from '../../message/wire-message.js';
import { decodeEnvelope } from './redis.envelope.js';
import { RECALLED } from './redis.scripts.js';

const FEWEST = 20;

/** Those of a page that can be moved. One that was recalled is on its way to whoever waits for it. */
export function movable(
  raws: readonly Buffer[],
): readonly { readonly raw: Buffer; readonly message: WireMessage }[] {
  return raws.flatMap((raw) => {
    if (raw.subarray(0, 2).equals(RECALLED)) return [];
    const { message, malformed } = decodeEnvelope(raw);
    return malformed === undefined ? [{ raw, message }] : [];
  });
}

/** How many messages to read in one go: about so many bytes of them. */
export class PageSize {
  #count = FEWEST;

  constructor(
    private readonly mostBytes: number,
    private readonly most: number,
  ) {}

  get count(): number {
    return this.#count;
  }

  /** By the last page. */
  learn(raws: readonly Buffer[]): void {
    const bytes = raws.reduce((sum, raw) => sum + raw.length, 0);
    if (bytes === 0) return;
    this.#count = Math.min(this.most, Math.max(FEWEST, Math.floor((this.mostBytes * raws.length) / bytes)));
  }
}
