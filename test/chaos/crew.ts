import type { CeleryApp, CeleryOptions, TaskContext } from '../../lib/index.js';
import { copyGives, COPIED_TASK, type Copied } from './copies.js';
import { Fleet } from './fleet.js';
import { openLedger } from './ledger.js';
import type { Stage } from './scenario.js';
import { openSilently } from './silent-app.js';

/** Workers that take what was sent, until they are disposed of. */
export interface Crew extends AsyncDisposable {
  stop(): Promise<void>;
}

const CONCURRENCY = 8;

/** Processes; where the broker is in this process, so are its workers. */
export async function openCrew({ place, script }: Stage, ledger: string, workers: number): Promise<Crew> {
  if (place.name === 'memory') return inProcess(place.app, ledger, workers);
  const fleet = new Fleet(script, { app: place.app, worker: { concurrency: CONCURRENCY }, ledger });
  await Promise.all(Array.from({ length: workers }, () => fleet.start()));
  return {
    stop: async () => void (await fleet.stop()),
    [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose](),
  };
}

async function inProcess(options: CeleryOptions, ledger: string, workers: number): Promise<Crew> {
  const note = openLedger(ledger);
  const apps: CeleryApp[] = [];
  for (let each = 0; each < workers; each += 1) {
    const app = await openSilently(options);
    const late = { bind: true, acksLate: true } as const;
    app.defineTask(COPIED_TASK, late, ({ id, headers }: TaskContext, ...given: CopyArguments) => {
      note('started', id);
      note('ended', id);
      return copyGives(...given, headers);
    });
    app.defineTask('hard.follow', late, ({ id }: TaskContext, given: unknown) => {
      note('started', id);
      note('ended', id);
      return given;
    });
    await app.startWorker({ concurrency: CONCURRENCY });
    apps.push(app);
  }
  const stop = async (): Promise<void> => {
    for (const app of apps.splice(0)) await app.close();
  };
  return { stop, [Symbol.asyncDispose]: stop };
}

type CopyArguments = [how: Copied, place: number, failing: number | null];
