import type { Broker, QueueMeasures } from '../../broker/broker.js';
import type { ActiveQueue } from '../../control/control.types.js';
import type { CeleryApp } from '../../nest/celery.app.js';
import { sleep } from '../../runtime/clock.js';
import { askWorkers } from '../ask-workers.js';
import type { Cli } from '../cli.js';
import { withApp } from '../connection.js';
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
  { title: 'UNACKED', align: 'right' },
  { title: 'CONSUMERS', align: 'right' },
  { title: 'WORKERS' },
  { title: '' },
] as const;

function cells({ name, paused, ready, unacked, consumers, workers }: QueueRow): Row {
  const nobody = ready > 0 && (consumers ?? workers?.length) === 0;
  return [
    name,
    ready === 0 ? '0' : { text: String(ready), style: nobody ? 'red' : 'yellow' },
    String(unacked ?? '–'),
    String(consumers ?? '–'),
    workers === null ? '–' : workers.join(','),
    paused ? { text: 'paused', style: 'yellow' } : '',
  ];
}

async function look(app: CeleryApp, flags: Flags, cli: Cli): Promise<QueueRow[]> {
  const workersOf = flags.withoutWorkers ? undefined : await consumersByQueue(app, flags.timeout, cli);
  const queues = chosenQueues(app, flags, [...(workersOf?.keys() ?? [])]);
  return Promise.all(
    queues.map(async ({ name }) => {
      const { ready, unacked, consumers } = await measured(app.broker, name);
      const paused = await app.control.isQueuePaused(name);
      const workers = workersOf === undefined ? null : (workersOf.get(name) ?? []);
      return { name, paused, ready, unacked: unacked ?? null, consumers: consumers ?? null, workers };
    }),
  );
}

async function measured(broker: Broker, name: string): Promise<QueueMeasures> {
  return (
    (await broker.measure?.(name)) ?? {
      ready: await broker.size(name),
      unacked: undefined,
      consumers: undefined,
    }
  );
}

async function consumersByQueue(
  app: CeleryApp,
  timeout: number | undefined,
  cli: Cli,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { replies } = await askWorkers<ActiveQueue[]>(app, 'active_queues', {}, { timeout }, cli);
  const found = new Map<string, string[]>();
  for (const { hostname, value } of replies) {
    for (const { name } of Array.isArray(value) ? value : []) {
      if (typeof name === 'string') found.set(name, [...(found.get(name) ?? []), hostname]);
    }
  }
  return found;
}
