import type { Broker, QueueMeasures } from '../../broker/broker.js';
import type { ActiveQueue } from '../../control/control.types.js';
import { readSent } from '../../message/wire-message.js';
import type { CeleryApp } from '../../nest/celery.app.js';
import { sleep } from '../../runtime/clock.js';
import { askWorkers } from '../ask-workers.js';
import type { Cli } from '../cli.js';
import { withApp } from '../connection.js';
import { ago } from '../durations.js';
import { EXIT } from '../exit-code.js';
import { chosenQueues } from '../queue-names.js';
import { openScreen } from '../screen.js';
import type { Row } from '../table.js';
import type { GivenTo } from '../usage.js';
import type { queuesUsage } from './queues.usage.js';

type Flags = GivenTo<typeof queuesUsage>['flags'];

interface QueueRow {
  readonly name: string;
  /** By `control pause_queue`. */
  readonly paused: boolean;
  readonly ready: number;
  /** Since the oldest of those ready was sent. Null: none is ready, or nobody can tell. */
  readonly ageMs: number | null;
  /** Where `ageMs` is null: they were sent since then. */
  readonly ageAtMostMs: number | null;
  /** Held by workers; null: the broker cannot tell. */
  readonly unacked: number | null;
  readonly consumers: number | null;
  /** Workers that say they consume it; null: they were not asked. */
  readonly workers: readonly string[] | null;
}

export async function run({ flags }: GivenTo<typeof queuesUsage>, cli: Cli): Promise<number> {
  return withApp(cli, {}, async ({ app }) => {
    const { output } = cli;
    if (flags.watch === undefined) {
      const rows = await look(app, flags, cli);
      output.table(rows, COLUMNS, rows.map(cells));
      return EXIT.ok;
    }
    using screen = output.forPeople ? openScreen(cli) : undefined;
    while (!cli.interrupted.aborted) {
      const rows = await look(app, flags, cli);
      if (screen !== undefined) screen.show(output.tableLines(COLUMNS, rows.map(cells)));
      else
        for (const row of rows) output.record(row, () => output.tableLines(COLUMNS, [cells(row)]).join(''));
      await sleep(cli.clock, flags.watch, cli.interrupted);
    }
    return EXIT.ok;
  });
}

const COLUMNS = [
  { title: 'QUEUE' },
  { title: 'READY', align: 'right' },
  { title: 'AGE', align: 'right' },
  { title: 'UNACKED', align: 'right' },
  { title: 'CONSUMERS', align: 'right' },
  { title: 'WORKERS' },
  { title: '' },
] as const;

function cells(row: QueueRow): Row {
  const { name, paused, ready, unacked, consumers, workers } = row;
  const nobody = ready > 0 && (consumers ?? workers?.length) === 0;
  return [
    name,
    ready === 0 ? '0' : { text: String(ready), style: nobody ? 'red' : 'yellow' },
    shownAge(row),
    String(unacked ?? '–'),
    String(consumers ?? '–'),
    workers === null ? '–' : workers.join(','),
    paused ? { text: 'paused', style: 'yellow' } : '',
  ];
}

function shownAge({ ageMs, ageAtMostMs }: QueueRow): string {
  if (ageMs !== null) return ago(ageMs);
  return ageAtMostMs === null ? '–' : `≤${ago(ageAtMostMs)}`;
}

async function look(app: CeleryApp, flags: Flags, cli: Cli): Promise<QueueRow[]> {
  const consumed = flags.withoutWorkers ? undefined : await askConsumers(app, flags.timeout, cli);
  const queues = chosenQueues(app, flags, [...(consumed?.keys() ?? [])]);
  return Promise.all(
    queues.map(async ({ name }) => {
      const { ready, unacked, consumers, oldestSentMs } = await measured(app.broker, name);
      const paused = await app.control.isQueuePaused(name);
      const { workers, newestSentMs } = consumed?.get(name) ?? NOBODY;
      const since = (sentMs: number | undefined): number | null =>
        ready === 0 || sentMs === undefined ? null : Math.max(0, cli.clock.now() - sentMs);
      return {
        name,
        paused,
        ready,
        ageMs: since(oldestSentMs),
        ageAtMostMs: oldestSentMs === undefined ? since(newestSentMs) : null,
        unacked: unacked ?? null,
        consumers: consumers ?? null,
        workers: consumed === undefined ? null : workers,
      };
    }),
  );
}

async function measured(broker: Broker, name: string): Promise<QueueMeasures> {
  return (
    (await broker.measure?.(name)) ?? {
      ready: await broker.size(name),
      unacked: undefined,
      consumers: undefined,
      oldestSentMs: undefined,
    }
  );
}

/** What the workers say of a queue. */
interface Consumed {
  readonly workers: readonly string[];
  /** When the newest message that one of them took was sent, epoch ms. */
  readonly newestSentMs: number | undefined;
}

const NOBODY: Consumed = { workers: [], newestSentMs: undefined };

async function askConsumers(
  app: CeleryApp,
  timeout: number | undefined,
  cli: Cli,
): Promise<ReadonlyMap<string, Consumed>> {
  const { replies } = await askWorkers<ActiveQueue[]>(app, 'active_queues', {}, { timeout }, cli);
  const found = new Map<string, Consumed>();
  for (const { hostname, value } of replies) {
    for (const { name, newest_sent: newest } of Array.isArray(value) ? value : []) {
      if (typeof name !== 'string') continue;
      const { workers, newestSentMs } = found.get(name) ?? NOBODY;
      found.set(name, {
        workers: [...workers, hostname],
        newestSentMs: latest(newestSentMs, readSent(newest)),
      });
    }
  }
  return found;
}

function latest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}
