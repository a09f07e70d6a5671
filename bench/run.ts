import { cpus } from 'node:os';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { startRabbit } from '../test/support/rabbitmq.js';
import { startRedis } from '../test/support/redis.js';
import { measure, type Row, type Workload } from './measure.js';
import * as ours from './ours.js';
import * as raw from './raw.js';
import { ourWorkflow, pythonWorkflow } from './workflows.js';

// Publish and process rate and round-trip latency on each broker, beside the bare client libraries, in one run:
// contenders take turns, each figure is the median of the rounds, and what counts is the ratio.

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    messages: { type: 'string', default: '10000' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const count = Number(values.messages);
if (!(rounds > 0) || !(count > 0)) throw new Error('--rounds and --messages are positive numbers');

const [rabbit, redis] = await Promise.all([startRabbit(), startRedis()]);
try {
  const rows: Row[] = [];
  for (const workload of workloads().filter((each) => each.name.includes(values.only))) {
    const measured = await measure(workload, rounds);
    rows.push(...measured);
    for (const row of measured) console.log(line(row));
  }
  console.log(tableOf(rows));
  console.log(
    `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'CPU'}, medians of ${rounds} rounds`,
  );
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(rows, null, 2));
} finally {
  await Promise.all([rabbit.stop(), redis.stop()]);
}

function workloads(): Workload[] {
  const amqpPlace = { broker: rabbit.url, backend: `${redis.url}/1` };
  const redisPlace = { broker: redis.url, backend: `${redis.url}/1` };
  const memoryPlace = { broker: 'memory://', backend: 'memory://' };
  const named = { broker: 'memory://bench', backend: 'memory://bench' };
  const few = Math.max(1, Math.round(count / 10));
  const modes = ['early ack', 'late ack', 'late ack, result stored'] as const;
  return [
    {
      name: 'RabbitMQ: publish, one by one',
      contenders: [raw.rawAmqpPublish(rabbit.url, few, 1), ours.publish(amqpPlace, few, 1)],
    },
    {
      name: 'RabbitMQ: publish, 500 in flight',
      contenders: [raw.rawAmqpPublish(rabbit.url, count, 500), ours.publish(amqpPlace, count, 500)],
    },
    {
      name: 'RabbitMQ: process',
      contenders: [
        raw.rawAmqpProcess(rabbit.url, count, 200),
        ...modes.map((mode) => ours.process_(amqpPlace, count, 50, mode)),
      ],
    },
    {
      name: 'RabbitMQ: round trip',
      contenders: [raw.rawAmqpRoundTrip(rabbit.url, few), ours.roundTrip(amqpPlace, few)],
    },
    {
      name: 'Redis: publish, one by one',
      contenders: [raw.rawRedisPublish(redis.url, few, 1), ours.publish(redisPlace, few, 1)],
    },
    {
      name: 'Redis: publish, 500 in flight',
      contenders: [raw.rawRedisPublish(redis.url, count, 500), ours.publish(redisPlace, count, 500)],
    },
    {
      name: 'Redis: process',
      contenders: [
        raw.rawRedisProcess(redis.url, count, 200),
        ...modes.map((mode) => ours.process_(redisPlace, count, 50, mode)),
      ],
    },
    {
      name: 'Redis: round trip',
      contenders: [raw.rawRedisRoundTrip(redis.url, few), ours.roundTrip(redisPlace, few)],
    },
    ...(
      [
        ['chain', few],
        ['group', count],
        ['chord', count],
      ] as const
    ).map(([kind, size]) => ({
      name: `Redis: ${kind} of ${size.toLocaleString('en')}`,
      contenders: [pythonWorkflow(redis.url, kind, size), ourWorkflow(redis.url, kind, size)],
    })),
    { name: 'embedded: publish, 500 in flight', contenders: [ours.publish(memoryPlace, count, 500)] },
    {
      name: 'embedded: process',
      contenders: modes.map((mode) => ours.process_(memoryPlace, count, 50, mode)),
    },
    { name: 'embedded: round trip', contenders: [ours.roundTrip(named, few)] },
  ];
}

function line({ workload, contender, value, unit, p99Ms, ratio }: Row): string {
  const figure =
    unit === 'per second'
      ? `${Math.round(value)}/s`
      : `p50 ${value.toFixed(2)} ms, p99 ${p99Ms?.toFixed(2)} ms`;
  return `${workload}: ${contender}: ${figure} (${ratio.toFixed(2)})`;
}

function tableOf(rows: readonly Row[]): string {
  const plain = process.stdout.isTTY ? {} : { style: { head: [], border: [] } };
  const table = new Table({ head: ['workload', 'who', 'promise', 'figure', 'against the first'], ...plain });
  for (const row of rows) {
    const figure =
      row.unit === 'per second'
        ? `${Math.round(row.value).toLocaleString('en')}/s`
        : `p50 ${row.value.toFixed(2)} ms, p99 ${row.p99Ms?.toFixed(2)} ms`;
    table.push([row.workload, row.contender, row.promise, figure, `${row.ratio.toFixed(2)} x`]);
  }
  return table.toString();
}
