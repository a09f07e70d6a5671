import type { PublishTarget } from '../../lib/broker/broker.js';
import type { CeleryApp } from '../../lib/index.js';
import type { WireMessage } from '../../lib/message/wire-message.js';

/** What the two runs of a part come to: the same, something each, or an error in one of the two. */
export const COPIED = ['equal', 'different', 'failing'] as const;
export type Copied = (typeof COPIED)[number];

/** A task that is sent twice. */
export const COPIED_TASK = 'hard.copied';
const COPY_HEADER = 'x-chaos-copy';

/** `2.1`: of the part at place 2, the first copy. Equal ones name none. @throws Error in the copy that is to fail */
export function copyGives(
  how: Copied,
  place: number,
  failing: number | null,
  headers: Readonly<Record<string, unknown>>,
): string {
  const copy = Number(headers[COPY_HEADER]);
  if (copy === failing) throw new Error('as it should');
  return how === 'different' ? `${place}.${copy}` : `${place}`;
}

/** From now on each such task is published a second time, right behind the first. */
export function publishTwice({ broker }: CeleryApp): void {
  const publish = broker.publish.bind(broker);
  Object.defineProperty(broker, 'publish', {
    value: async (target: PublishTarget, message: WireMessage, ...rest: readonly []): Promise<void> => {
      if (message.headers['task'] !== COPIED_TASK) return publish(target, message, ...rest);
      const copy = (number: number): WireMessage => ({
        ...message,
        headers: { ...message.headers, [COPY_HEADER]: number },
      });
      await publish(target, copy(1), ...rest);
      await publish(target, copy(2), ...rest);
    },
  });
}
