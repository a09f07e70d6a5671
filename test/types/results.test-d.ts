/** What the compiler makes of results. Compiled with the tests (`npm run types`), never run. */
import type { AnyResult } from '../../lib/result/result.js';
import { AsyncResult } from '../../lib/result/async-result.js';
import { GroupResult, type Settled } from '../../lib/result/group-result.js';
import type { RemoteError } from '../../lib/message/remote-error.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type All<_Checks extends readonly true[]> = true;

declare const pair: GroupResult<[string, number]>;
declare const many: GroupResult<number[]>;
declare const any: AnyResult;

export async function compiles(): Promise<unknown[]> {
  const values: [string, number] = await pair.get();
  const joined: [string, number] = await pair.joinNative({ timeout: '10s' });
  const settled: [string | RemoteError, number | RemoteError] = await pair.get({ propagate: false });
  const list: number[] = await many.join();
  for await (const [result, value] of many.iterate()) {
    const n: number = value;
    const again: number = await result.get();
    list.push(n, again);
  }
  const member: AnyResult<string | number> | undefined = pair.results[0];
  if (any.kind === 'group') list.push(any.results.length);
  else await any.info();
  if (any instanceof AsyncResult) any.onProgress(() => undefined);
  if (any instanceof GroupResult) await any.completedCount();
  return [values, joined, settled, list, member];
}

export type Settles = All<
  [
    Equal<Settled<[string, number]>, [string | RemoteError, number | RemoteError]>,
    Equal<Settled<number[]>, (number | RemoteError)[]>,
    Equal<Awaited<ReturnType<typeof compiles>>, unknown[]>,
  ]
>;

export async function refused(): Promise<unknown[]> {
  // @ts-expect-error the second value is a number
  const wrong: [string, string] = await pair.get();
  // @ts-expect-error a failure may stand in the list
  const failures: [string, number] = await pair.get({ propagate: false });
  return [wrong, failures];
}
