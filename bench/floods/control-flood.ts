import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import amqp from 'amqplib';
import { Redis } from 'ioredis';
import { CeleryApp, readCeleryOptions } from '../../lib/index.js';
import { startRabbit } from '../../test/support/rabbitmq.js';
import { startRedis } from '../../test/support/redis.js';
import { inFlight } from '../measure.js';
import { TROUBLE_ONLY } from '../trouble-only.log.js';

// How many tasks a second a worker does while remote commands rain on it, beside what it does in peace. Peace and flood
// take turns; the figure is the median of the rounds. In peace the sender is silent, or with `--peace nobody` sends the same
// messages where nobody listens, so that what sending them costs the machine and the broker is in both.
//
//   node bench/dist/bench/floods/control-flood.js --on rabbitmq --seconds 10 --rounds 3 --kind mixed

const { values } = parseArgs({
  options: {
    on: { type: 'string', default: 'rabbitmq' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    /** Commands a second. */
    pace: { type: 'string', default: '10000' },
    /** ping: heeded; other: for another worker; hostile: a pattern; mixed: all three in turn. */
    kind: { type: 'string', default: 'mixed' },
    /** What the sender does in peace: nobody (it sends where nobody listens) or silent. */
    peace: { type: 'string', default: 'silent' },
    /** Tasks a second that must lie ready: more than the worker does, or it runs out of them. Default: by the broker. */
    fill: { type: 'string' },
    /** Where the worker's CPU profile goes. Default: none is made. */
    profile: { type: 'string' },
    role: { type: 'string' },
    broker: { type: 'string', default: '' },
  },
});
const [seconds, rounds, pace] = [Number(values.seconds), Number(values.rounds), Number(values.pace)];

const open = (): Promise<CeleryApp> =>
  CeleryApp.open(
    readCeleryOptions({ broker: values.broker, taskDefaultQueue: 'jobs', taskIgnoreResult: true }),
    { log: TROUBLE_ONLY },
  );

if (values.role === 'worker') await work();
else if (values.role === 'flood') await flood();
else await measureAll();

async function work(): Promise<void> {
  const app = await open();
  let done = 0;
  app.defineTask('noop', { acksLate: true }, () => void (done += 1));
  await app.startWorker({ concurrency: 50, hostname: 'w1@flooded' });
  process.on('message', (message) => {
    if (message === 'stop') void app.close(0).then(() => process.exit(0));
    else process.send?.({ done, cpuMs: process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000 });
  });
  process.send?.('ready');
}

async function flood(): Promise<void> {
  const send = values.broker.startsWith('amqp') ? await amqpSender() : redisSender();
  const bodies = commands();
  let state = 'silent';
  let sent = 0;
  process.on('message', (message) => {
    if (message === 'stop') process.exit(0);
    if (message === 'sent') process.send?.(sent);
    else state = String(message);
  });
  process.send?.('ready');
  let lastMs = performance.now();
  for (let owed = 0; ;) {
    await pause(5);
    const nowMs = performance.now();
    owed += ((nowMs - lastMs) * pace) / 1000;
    lastMs = nowMs;
    if (state === 'silent') owed = 0;
    for (; owed >= 1; owed -= 1) {
      send(bodies[sent % bodies.length] ?? '', state === 'flood');
      sent += 1;
    }
  }
}

function commands(): string[] {
  const base = { arguments: {}, destination: null, pattern: null, matcher: null };
  const kinds = {
    ping: { ...base, method: 'ping' },
    other: { ...base, method: 'ping', destination: ['w2@elsewhere'] },
    hostile: { ...base, method: 'ping', pattern: '(a+)+$(w+@.*)+', matcher: 'pcre' },
  };
  const { ping, other, hostile } = kinds;
  const chosen =
    values.kind === 'mixed' ? [ping, other, hostile] : [kinds[values.kind as keyof typeof kinds]];
  return chosen.map((each) => JSON.stringify(each));
}

type Send = (body: string, heard: boolean) => void;

async function amqpSender(): Promise<Send> {
  const connection = await amqp.connect(values.broker);
  const channel = await connection.createChannel();
  await channel.assertExchange('nobody', 'fanout', { autoDelete: true });
  const properties = {
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    headers: { clock: 1, expires: 0 },
    deliveryMode: 2,
    priority: 0,
  };
  return (body, heard) =>
    void channel.publish(heard ? 'celery.pidbox' : 'nobody', '', Buffer.from(body), properties);
}

function redisSender(): Send {
  const redis = new Redis(values.broker);
  const envelope = (body: string): string =>
    JSON.stringify({
      body: Buffer.from(body).toString('base64'),
      'content-encoding': 'utf-8',
      'content-type': 'application/json',
      headers: { clock: 1, expires: 0 },
      properties: {
        delivery_mode: 2,
        delivery_info: { exchange: 'celery.pidbox', routing_key: '' },
        priority: 0,
        body_encoding: 'base64',
        delivery_tag: '3b1f6b9e-1111-4222-8333-444455556666',
      },
    });
  return (body, heard) => void redis.publish(heard ? '/0.celery.pidbox' : 'nobody', envelope(body));
}

async function measureAll(): Promise<void> {
  const server = values.on === 'redis' ? await startRedis() : await startRabbit();
  const broker = values.on === 'redis' ? `${server.url}/0` : server.url;
  const child = async (role: string, execArgv: string[] = []): Promise<ChildProcess> => {
    const args = [...process.argv.slice(2), '--role', role, '--broker', broker];
    const started = fork(fileURLToPath(import.meta.url), args, { execArgv });
    await once(started, 'message');
    return started;
  };
  values.broker = broker;
  const app = await open();
  const fill = async (count: number): Promise<void> => {
    await inFlight(count, 500, () => app.client.applyAsync('noop', { args: [] }));
  };
  await fill(
    Math.round(rounds * (2 * seconds + 7) * Number(values.fill ?? (values.on === 'redis' ? 32_000 : 14_000))),
  );
  const worker = await child(
    'worker',
    values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`],
  );
  const flooder = await child('flood');
  const ask = async <T>(some: ChildProcess, question: string): Promise<T> => {
    const answer = once(some, 'message');
    some.send(question);
    return (await answer)[0] as T;
  };
  const measured = async (state: string): Promise<{ rate: number }> => {
    flooder.send(state);
    // After a flood until what waits of it is worked off.
    await pause(state === 'flood' ? 1_000 : 6_000);
    const sentBefore = await ask<number>(flooder, 'sent');
    const before = await ask<{ done: number; cpuMs: number }>(worker, 'count');
    const [startMs, serverMs] = [performance.now(), cpuMsOf(server.pid)];
    await pause(seconds * 1_000);
    const after = await ask<{ done: number; cpuMs: number }>(worker, 'count');
    const lastedMs = performance.now() - startMs;
    const sent = (await ask<number>(flooder, 'sent')) - sentBefore;
    const perSecond = (count: number): number => Math.round((count / lastedMs) * 1_000);
    const rate = perSecond(after.done - before.done);
    const cpu = (after.cpuMs - before.cpuMs) / lastedMs;
    const serverCpu = (cpuMsOf(server.pid) - serverMs) / lastedMs;
    console.log(
      `${values.on}, ${state}: ${rate} tasks/s, CPU of the worker ${percent(cpu)}, of the server ${percent(serverCpu)}, ${perSecond(sent)} commands/s sent`,
    );
    return { rate };
  };
  const peace = values.peace === 'nobody' ? 'nobody' : 'silent';
  const [calm, stormy]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    calm.push((await measured(peace)).rate);
    stormy.push((await measured('flood')).rate);
  }
  const left = await app.broker.size('jobs');
  const [quiet, loud] = [median(calm), median(stormy)];
  const ratios = calm.map((before, round) => (stormy[round] ?? Number.NaN) / before);
  console.log(
    `${values.on}, ${values.kind}: ${quiet} tasks/s in peace, ${loud} in the flood: ${percent(loud / quiet)}, ` +
      `round by round ${ratios.map(percent).join(', ')}, their median ${percent(median(ratios))}; ${left} tasks left`,
  );
  flooder.send('silent');
  for (const each of [worker, flooder]) {
    const ended = once(each, 'exit');
    each.send('stop');
    await ended;
  }
  await app.close(0);
  await server.stop();
}

/** What a process has used so far; Linux counts in hundredths of a second. */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function median(some: readonly number[]): number {
  return some.toSorted((one, other) => one - other)[Math.floor(some.length / 2)] ?? Number.NaN;
}
