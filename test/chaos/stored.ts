import type { CeleryApp } from '../../lib/index.js';
import type { Verdict } from './checker.js';
import type { Entry } from './ledger.js';

const AT_ONCE = 200;

/** Tasks that ended and whose result is not there, or not final. */
export async function idsNotStored(
  app: CeleryApp,
  { lost, stuck }: Verdict,
  entries: readonly Entry[],
): Promise<string[]> {
  const known = new Set([...lost, ...stuck]);
  const ended = new Set(
    entries.filter(({ step, id }) => step === 'ended' && !known.has(id)).map(({ id }) => id),
  );
  const ids = [...ended];
  const missing: string[] = [];
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const some = ids.slice(at, at + AT_ONCE);
    const states = await Promise.all(some.map((id) => app.client.result(id).state()));
    missing.push(...some.filter((_id, index) => states[index] !== 'SUCCESS'));
  }
  return missing;
}
