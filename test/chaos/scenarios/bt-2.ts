import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { EntryOptions } from '../../../lib/index.js';
import { eventually } from '../../support/eventually.js';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { judged } from '../judge.js';
import { sized, type Scenario } from '../scenario.js';
import { openSilently } from '../silent-app.js';

const LEASE_MS = 1_000;
const FROZEN_MS = LEASE_MS * 3;
/** After the thaw, until the old leader has to have heard of the new one. */
const HEARS_MS = LEASE_MS;
const EVERY_MS = 1_000;
const WAIT_MS = 30_000;
const ENTRIES = 10;

/** The beat that leads is frozen for three leases: another leads then, and the thawed one sends nothing and leads no more. */
export const bt2: Scenario = {
  id: 'BT-2',
  title: 'beats frozen while they lead',
  places: ['Redis', 'RabbitMQ'],
  variants: ['SIGSTOP'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const begunMs = performance.now();
    const terms = join(folder, 'terms');
    const beatSchedule: Record<string, EntryOptions> = {};
    for (let entry = 0; entry < ENTRIES; entry += 1)
      beatSchedule[`entry ${entry}`] = { task: 'tick', schedule: EVERY_MS / 1_000, catchUp: 'all' };
    const beatStore = String(place.name === 'Redis' ? place.app.broker : place.app.backend);
    const app = { ...place.app, beatStore, beatSchedule, beatLease: `${LEASE_MS}ms` } as const;
    const order = {
      app: { ...app, beatName: place.queue },
      worker: {},
      ledger: join(folder, 'ledger'),
      terms,
    };
    const ran = new Map<string, number>();
    const worker = await openSilently(place.app);
    worker.defineTask('tick', { bind: true }, ({ id }: { readonly id: string }) => {
      ran.set(id, (ran.get(id) ?? 0) + 1);
    });
    await using beats = new Fleet(join(dirname(script), 'beat.js'), order);
    const leaders = (): readonly number[] => leadersIn(readFileSync(terms, 'utf8'));
    const broken: string[] = [];
    const freezes = sized(tier, 200, 2);
    let slowestMs = 0;
    try {
      await worker.startWorker({ concurrency: 50 });
      await Promise.all([beats.start(), beats.start()]);
      for (let freeze = 0; freeze < freezes && broken.length === 0; freeze += 1) {
        await eventually(() => leaders().length === 1, { withinMs: WAIT_MS, what: 'one that leads' });
        const [old = 0] = leaders();
        // Anywhere between two ticks, and in one.
        await pause(random.between(0, EVERY_MS));
        process.kill(old, 'SIGSTOP');
        const frozenMs = performance.now();
        try {
          await eventually(() => leaders().some((pid) => pid !== old), { withinMs: WAIT_MS });
          slowestMs = Math.max(slowestMs, performance.now() - frozenMs);
          await pause(Math.max(0, FROZEN_MS - (performance.now() - frozenMs)));
        } finally {
          process.kill(old, 'SIGCONT');
        }
        await pause(HEARS_MS);
        if (leaders().length > 1) broken.push('two beats lead at once');
      }
      await beats.stop();
    } finally {
      await worker.close(2_000);
    }
    const twice = [...ran.values()].filter((times) => times > 1).length;
    if (twice > 0) broken.push(`${twice} ticks were sent twice`);
    if (ran.size < freezes * ENTRIES) broken.push(`only ${ran.size} ticks were run`);
    const verdict = { ...check([]), attempted: ran.size, executed: ran.size };
    return judged({ stage, test: 'BT-2', variant, verdict, faults: freezes, slowestMs, begunMs, broken });
  },
};

/** Process ids of those whose last line says so. */
function leadersIn(terms: string): readonly number[] {
  const last = new Map<number, boolean>();
  for (const line of terms.trim().split('\n')) {
    const [what, pid] = line.split(' ');
    last.set(Number(pid), what === 'leads');
  }
  return [...last].filter(([, leads]) => leads).map(([pid]) => pid);
}
