import type { ActiveQueue } from '../../control/control.types.js';
import { ClusterState } from '../../events/cluster.state.js';
import { EventReceiver } from '../../events/event.receiver.js';
import { openContent } from '../../message/content.factory.js';
import type { CeleryApp } from '../../nest/celery.app.js';
import { sleep } from '../../runtime/clock.js';
import { LamportClock } from '../../runtime/lamport.clock.js';
import { silentLog } from '../../runtime/logger.js';
import { messageOf } from '../../runtime/message-of.js';
import { QuarantineReader } from '../../worker/quarantine.reader.js';
import { askWorkers } from '../ask-workers.js';
import type { Cli } from '../cli.js';
import { withApp } from '../connection.js';
import { checkBackend } from '../doctor/check-backend.js';
import { checkRoundTrip } from '../doctor/check-broker.js';
import { checkNode } from '../doctor/check-node.js';
import { checkSettings } from '../doctor/check-settings.js';
import {
  checkClocks,
  checkQueues,
  checkTasks,
  checkVersions,
  checkWorkers,
  type QueueSeen,
  type WorkersSeen,
} from '../doctor/check-workers.js';
import { fail, ok, warn, type Finding } from '../doctor/check.js';
import { EXIT, exitCodeOf } from '../exit-code.js';
import { chosenQueues } from '../queue-names.js';
import type { Style } from '../table.js';
import type { GivenTo } from '../usage.js';
import type { doctorUsage } from './doctor.usage.js';

type Timeout = { readonly timeout: number | undefined };

/** Celery's workers beat every 2 s. */
const LISTEN_MS = 2_500;

export async function run({ flags }: GivenTo<typeof doctorUsage>, cli: Cli): Promise<number> {
  const findings: Finding[] = [checkNode(process.versions.node)];
  const said: string[] = [];
  let exitCode: number = EXIT.ok;
  try {
    await withApp(
      cli,
      { broker: false, onWarning: (message) => void said.push(message) },
      async ({ app, place }) => {
        if (place !== undefined) {
          findings.push(ok('application', `${place.file}, ${app.tasks.all().length} tasks`));
        }
        findings.push(...checkSettings(app.config));
        await app.broker.connect({ failFast: true });
        findings.push(ok('broker', `${app.broker.url} is connected`));
        findings.push(
          ...(await Promise.all([checkRoundTrip(app.broker, cli.clock), checkBackend(app.backend)])),
        );
        const seen = await lookAtWorkers(app, flags, cli);
        findings.push(...checkWorkers(seen), ...checkClocks(seen), ...checkVersions(seen));
        findings.push(
          ...checkTasks(seen, place === undefined ? undefined : app.tasks.all().map(({ name }) => name)),
        );
        findings.push(...checkQueues(await lookAtQueues(app, seen), seen));
      },
    );
  } catch (error) {
    const reason = messageOf(error);
    exitCode = exitCodeOf(error);
    findings.push(fail(exitCode === EXIT.usage ? 'set-up' : 'connection', reason, 'See above.'));
  }
  // Drivers look at their servers themselves: versions, memory policies. Of one that is away the error says enough.
  if (exitCode === EXIT.ok)
    for (const each of new Set(said)) findings.push(warn('server', each, 'As it says.'));
  tell(findings, cli);
  if (exitCode !== EXIT.ok) return exitCode;
  return findings.some(({ state }) => state === 'fail') ? EXIT.failed : EXIT.ok;
}

const MARKS: Readonly<Record<Finding['state'], readonly [mark: string, style: Style]>> = {
  ok: ['✔', 'green'],
  warn: ['!', 'yellow'],
  fail: ['✖', 'red'],
};

function tell(findings: readonly Finding[], { output }: Cli): void {
  if (!output.forPeople) {
    output.table(
      findings.map((finding) => ({ ...finding, wayOut: finding.wayOut ?? null })),
      [],
      findings.map(({ state, what, found, wayOut }) => [state, what, found, wayOut ?? '']),
    );
    return;
  }
  const width = Math.max(...findings.map(({ what }) => what.length));
  for (const { state, what, found, wayOut } of findings) {
    const [mark, style] = MARKS[state];
    output.raw(`${output.paint(style, mark)} ${what.padEnd(width)}  ${found}\n`);
    if (wayOut !== undefined) output.raw(`${' '.repeat(width + 4)}${output.paint('cyan', `→ ${wayOut}`)}\n`);
  }
}

async function lookAtWorkers(app: CeleryApp, flags: Timeout, cli: Cli): Promise<WorkersSeen> {
  const ask = async <R>(method: string) => (await askWorkers<R>(app, method, {}, flags, cli)).replies;
  const [queues, registered, reports, beating] = await Promise.all([
    ask<ActiveQueue[]>('active_queues'),
    ask<string[]>('registered'),
    ask<string>('report'),
    listen(app, cli),
  ]);
  return { queues, registered, reports, beating };
}

async function listen(app: CeleryApp, { clock, interrupted }: Cli) {
  const state = new ClusterState(clock);
  const content = await openContent(app.config);
  const receiver = new EventReceiver({
    broker: app.broker,
    content,
    lamport: new LamportClock(),
    log: silentLog,
    routingKey: 'worker.#',
  });
  receiver.on('*', state.apply);
  await receiver.start();
  await sleep(clock, LISTEN_MS, interrupted);
  await receiver.stop();
  return state.workers();
}

async function lookAtQueues(app: CeleryApp, { queues }: WorkersSeen): Promise<QueueSeen[]> {
  const consumed = queues.flatMap(({ value }) => (Array.isArray(value) ? value : [])).map(({ name }) => name);
  const names = chosenQueues(app, { queues: undefined, excludeQueues: undefined }, consumed).map(
    ({ name }) => name,
  );
  return Promise.all(
    names.map(async (name) => ({
      name,
      ready: await app.broker.size(name),
      quarantined: await app.broker.size(QuarantineReader.queueOf(name)),
    })),
  );
}
