import { writeDefinition } from './definition.js';
import { entryPath, type EntryDefaults } from './entry.js';
import type { EntryOptions } from './entry.options.js';
import type { Log } from '../runtime/logger.js';
import type { ScheduleStore } from './schedule.store.js';

/** Entries put at a time. */
const AT_A_TIME = 100;

export interface Declaring {
  readonly store: ScheduleStore;
  readonly declared: ReadonlyMap<string, EntryOptions>;
  readonly defaults: EntryDefaults;
  readonly nowMs: number;
  /** An entry that cannot be kept: the others are. */
  readonly onProblem: (name: string, problem: string) => void;
  readonly log: Log;
}

/** Makes the store hold what the code declares: what is new or changed is put, what is gone from the code is removed. */
export async function declareEntries({
  store,
  declared,
  defaults,
  nowMs,
  onProblem,
  log,
}: Declaring): Promise<void> {
  const { entries } = await store.read();
  const known = new Map(entries.map((entry) => [entry.name, entry]));
  const work: (() => Promise<unknown>)[] = [];
  for (const [name, options] of declared) {
    const old = known.get(name);
    try {
      const definition = writeDefinition(name, options, defaults);
      const same = old?.document === definition.document && old.timing === definition.timing;
      if (same && old.origin === 'declared') continue;
      work.push(() => store.put(name, definition, 'declared', nowMs));
    } catch (error) {
      onProblem(name, error instanceof Error ? error.message : `${entryPath(name)}: ${String(error)}`);
    }
  }
  const gone = entries.filter(({ name, origin }) => origin === 'declared' && !declared.has(name));
  for (const { name } of gone) work.push(() => store.remove(name));
  if (gone.length > 0) log.warn(goneText(gone.map(({ name }) => name)));
  for (let start = 0; start < work.length; start += AT_A_TIME)
    await Promise.all(work.slice(start, start + AT_A_TIME).map((each) => each()));
}

function goneText(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => JSON.stringify(name));
  return (
    `Beat: ${names.length} stored entries are removed, which this code does not declare: ${shown.join(', ')}` +
    `${names.length > 5 ? ', …' : ''}. If they are another application's, give each a beatName of its own.`
  );
}
