import { join } from 'node:path';
import { connect } from 'amqplib';
import { UnroutableError, type NamedCallOptions } from '../../../lib/index.js';
import { check } from '../checker.js';
import { judged } from '../judge.js';
import type { Load } from '../load.js';
import type { Place } from '../place.js';
import { openSender } from '../publishing.js';
import { sized, type Row, type Scenario, type Stage } from '../scenario.js';

const BURST = 50;

interface Way {
  /** Before each burst, where there is a RabbitMQ to be changed. */
  readonly prepare: (place: Place) => Promise<void>;
  readonly to: (place: Place) => NamedCallOptions;
  /** What has to come of every publish. */
  readonly outcome: 'unroutable' | 'in the queue';
  /** Where it is then. */
  readonly queue: (place: Place) => string;
}

const nowhere = ({ queue }: Place): string => `${queue}-nowhere`;

const WAYS: Readonly<Record<string, Way>> = {
  'exchange without a binding': {
    prepare: (place) =>
      withChannel(place, async (channel) => {
        await channel.assertExchange(nowhere(place), 'direct', { durable: true });
      }),
    to: (place) => ({ exchange: nowhere(place), routingKey: 'nobody' }),
    outcome: 'unroutable',
    queue: ({ queue }) => queue,
  },
  // Its publisher had declared it, so it declares it again.
  'queue deleted': {
    prepare: (place) =>
      withChannel(place, async (channel) => {
        await channel.deleteQueue(place.queue);
      }),
    to: () => ({}),
    outcome: 'in the queue',
    queue: ({ queue }) => queue,
  },
  'alternate exchange': {
    prepare: (place) =>
      withChannel(place, async (channel) => {
        const alternate = `${nowhere(place)}-alternate`;
        await channel.assertExchange(alternate, 'fanout', { durable: true });
        await channel.assertQueue(alternate, { durable: true });
        await channel.bindQueue(alternate, alternate, '');
        await channel.purgeQueue(alternate);
        await channel.assertExchange(`${alternate}d`, 'direct', { alternateExchange: alternate });
      }),
    to: (place) => ({ exchange: `${nowhere(place)}-alternated`, routingKey: 'nobody' }),
    outcome: 'in the queue',
    queue: (place) => `${nowhere(place)}-alternate`,
  },
};

/** Messages that reach no queue are told of, every one, and those that do are counted there. */
export const pub3: Scenario = {
  id: 'PUB-3',
  title: 'messages that no queue receives',
  places: ['RabbitMQ', 'RabbitMQ quorum'],
  variants: Object.keys(WAYS),
  tiers: ['ci', 'full'],
  run: counted,
};

/** Redis knows no alternate exchanges, and its queues are there when something is in them. */
export const pub3Redis: Scenario = {
  ...pub3,
  places: ['Redis'],
  variants: ['exchange without a binding'],
};

async function counted(stage: Stage, variant: string): Promise<Row> {
  const { tier, place, folder } = stage;
  const begunMs = performance.now();
  const way = WAYS[variant];
  if (way === undefined) throw new Error(`No way to be unroutable: ${variant}`);
  await using load = await openSender(stage, join(folder, 'ledger'));
  const rounds = sized(tier, 1_000, BURST) / BURST;
  const broken: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (place.name !== 'Redis') await way.prepare(place);
    const outcomes = await Promise.all(Array.from({ length: BURST }, () => outcomeOf(load, way.to(place))));
    const there = await load.app.broker.size(way.queue(place));
    const odd = outcomes.filter((outcome) => outcome !== way.outcome);
    if (odd.length > 0) broken.push(`${odd.length} of ${BURST} were not ${way.outcome}, but ${odd[0]}`);
    const wanted = way.outcome === 'unroutable' ? 0 : BURST;
    if (there !== wanted) broken.push(`${there} of ${wanted} are in the queue`);
  }
  load.reader.more();
  const verdict = check(load.reader.entries);
  const slowestMs = load.slowestPublishMs;
  return judged({ stage, test: 'PUB-3', variant, verdict, faults: rounds, slowestMs, begunMs, broken });
}

async function outcomeOf(load: Load, options: NamedCallOptions): Promise<string> {
  const id = load.newId('late');
  let outcome = 'in the queue';
  await load.submit([id], (client) =>
    client.applyAsync('chaos.late', { args: [0], taskId: id, ...options }).catch((error: unknown) => {
      outcome = error instanceof UnroutableError ? 'unroutable' : String(error);
      throw error;
    }),
  );
  return outcome;
}

type Channel = Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createChannel']>>;

async function withChannel({ app }: Place, work: (channel: Channel) => Promise<void>): Promise<void> {
  const connection = await connect(String(app.broker));
  try {
    await work(await connection.createChannel());
  } finally {
    await connection.close();
  }
}
