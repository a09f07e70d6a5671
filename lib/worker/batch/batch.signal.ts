import { LazyAbort } from '../lazy-abort.js';
import type { Request } from '../request.js';

/** The signal of one call for several messages: aborted when none of them is wanted any more, with the last one's reason. */
export function signalOfAll(requests: readonly Request[]): () => AbortSignal {
  return new LazyAbort((all) => {
    let wanted = requests.length;
    for (const { abort } of requests) {
      const signal = abort.signal();
      const onAbort = (): void => {
        wanted -= 1;
        if (wanted === 0) all.abort(signal.reason);
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    }
  }).signal;
}
