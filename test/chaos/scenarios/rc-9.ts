import { join } from 'node:path';
import { connect } from 'amqplib';
import type { CeleryOptions } from '../../../lib/index.js';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { LedgerReader } from '../ledger.js';
import { openSender } from '../publishing.js';
import type { Scenario } from '../scenario.js';

const WAIT_MS = 30_000;

type Value = string | number | boolean | undefined;

/** Argument → two values that differ; undefined: it is not given. */
const ARGUMENTS: Readonly<Record<string, readonly [Value, Value]>> = {
  'x-max-priority': [5, undefined],
  'x-message-ttl': [60_000, undefined],
  'x-expires': [3_600_000, undefined],
  'x-max-length': [1_000, undefined],
  'x-max-length-bytes': [1_000_000, undefined],
  'x-dead-letter-exchange': ['dead', undefined],
  'x-overflow': ['reject-publish', undefined],
  'x-queue-mode': ['lazy', undefined],
  'x-single-active-consumer': [true, undefined],
  'x-queue-type': ['quorum', 'classic'],
};

/** A queue that a worker shall consume exists with another argument: it says so once, and goes on with its other queue. */
export const rc9: Scenario = {
  id: 'RC-9',
  title: 'queues that exist with other arguments',
  places: ['RabbitMQ'],
  variants: ['there', 'wanted'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { place, script, folder } = stage;
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const connection = await connect(String(place.app.broker));
    const channel = await connection.createChannel();

    const broken: string[] = [];
    const good = `${place.queue}-good`;
    let [kind, slowestMs] = [0, 0];
    for (const [argument, [one, other]] of Object.entries(ARGUMENTS)) {
      kind += 1;
      const [there, wanted] = variant === 'there' ? [one, other] : [other, one];
      const bad = `${place.queue}-bad-${kind}`;
      await channel.assertQueue(bad, { durable: true, arguments: given(argument, there) });
      const taskQueues = [{ name: good }, { name: bad, queueArguments: given(argument, wanted) ?? {} }];
      const app: CeleryOptions = { ...place.app, taskQueues, taskDefaultQueue: good };
      await using load = await openSender(stage, ledger, app);
      const runs = async (queue: string): Promise<number | undefined> => {
        const sinceMs = Date.now();
        const id = await load.send('late', 0, undefined, queue);
        return id === undefined ? undefined : load.next('ended', sinceMs, WAIT_MS, id);
      };
      await using fleet = new Fleet(script, { app, worker: { concurrency: 4 }, ledger });
      const worker = await fleet.start();
      const ran = await runs(good);
      if (ran === undefined) broken.push(`${argument}: the other queue was not consumed`);
      const errors = worker
        .output()
        .split('\n')
        .filter((line) => line.includes('other arguments'));
      const [error = ''] = errors;
      const names = [argument, bad, ...[there, wanted].map(shown)];
      const missing = names.filter((name) => !error.includes(name));
      if (errors.length !== 1) broken.push(`${argument}: told ${errors.length} times instead of once`);
      else if (missing.length > 0) broken.push(`${argument}: ${missing.join(', ')} is not in: ${error}`);

      await channel.deleteQueue(bad);
      const tookMs = await runs(bad);
      if (tookMs === undefined) broken.push(`${argument}: not consumed after the old queue was deleted`);
      else slowestMs = Math.max(slowestMs, tookMs);
      if (!worker.serving) broken.push(`${argument}: the worker did not outlive it`);
      await fleet.stop();
      await channel.deleteQueue(bad);
    }
    await connection.close();
    using reader = new LedgerReader(ledger);
    const verdict = check(reader.more());
    broken.push(...promises(verdict, ['lost', 'stuck', 'pending', 'unexpected']));
    return judged({ stage, test: 'RC-9', variant, verdict, faults: kind, slowestMs, begunMs, broken });
  },
};

function given(argument: string, value: Value): Record<string, Value> | undefined {
  return value === undefined ? undefined : { [argument]: value };
}

/** As RabbitMQ writes it. */
function shown(value: Value): string {
  return value === undefined ? 'none' : String(value);
}
