import type { ActiveQueue, TaskInfo, WorkerStats } from '../../control/control.types.js';
import type { CeleryApp } from '../../nest/celery.app.js';
import { askWorkers, exitCodeOfAnswers, tellMissing, tellNobody, type Answers } from '../ask-workers.js';
import type { Cli } from '../cli.js';
import { compatJson } from '../compat-json.js';
import { withApp } from '../connection.js';
import { ago } from '../durations.js';
import type { Row } from '../table.js';
import type { GivenTo } from '../usage.js';
import type { statusUsage } from './status.usage.js';

interface NodeStatus {
  readonly node: string;
  readonly state: 'online' | 'silent';
  readonly pool: string | null;
  readonly active: number | null;
  readonly done: number | null;
  readonly queues: readonly string[];
  readonly version: string | null;
  readonly uptimeSeconds: number | null;
}

export async function run({ flags }: GivenTo<typeof statusUsage>, cli: Cli): Promise<number> {
  const { output } = cli;
  return withApp(cli, {}, async ({ app }) => {
    if (flags.compatJson) {
      const pings = await askWorkers(app, 'ping', {}, flags, cli);
      output.raw(`${JSON.stringify(compatJson('inspect', 'ping', pings.replies))}\n`);
      return exitCodeOfAnswers(pings);
    }
    const { nodes, answers } = await look(app, flags, cli);
    if (answers.replies.length === 0) tellNobody(answers, cli);
    const { missing, elapsedMs } = answers;
    const rows = nodes.map(rowOf);
    if (output.json || nodes.length > 0) output.table({ nodes, missing, elapsedMs }, COLUMNS, rows);
    if (answers.replies.length > 0 && output.forPeople) {
      const silent = missing.length > 0 ? `, ${missing.length} silent` : '';
      output.note(`${answers.replies.length} online${silent} (${(elapsedMs / 1000).toFixed(2)} s)`);
    }
    tellMissing(answers, cli);
    return exitCodeOfAnswers(answers);
  });
}

const COLUMNS = [
  { title: 'NODE' },
  { title: 'STATE', shrinks: false },
  { title: 'POOL', shrinks: false },
  { title: 'ACTIVE', align: 'right' },
  { title: 'DONE', align: 'right' },
  { title: 'QUEUES' },
  { title: 'VERSION' },
  { title: 'UP', align: 'right' },
] as const;

function rowOf({ node, state, pool, active, done, queues, version, uptimeSeconds }: NodeStatus): Row {
  return [
    node,
    { text: state, style: state === 'online' ? 'green' : 'red' },
    pool ?? '–',
    active === null ? '–' : String(active),
    done === null ? '–' : String(done),
    queues.join(',') || '–',
    version ?? '–',
    uptimeSeconds === null ? '–' : ago(uptimeSeconds * 1000),
  ];
}

/** All at once: four questions take no longer than one. */
async function look(
  app: CeleryApp,
  flags: GivenTo<typeof statusUsage>['flags'],
  cli: Cli,
): Promise<{ readonly nodes: readonly NodeStatus[]; readonly answers: Answers }> {
  const ask = <R>(method: string): Promise<Answers<R>> => askWorkers<R>(app, method, {}, flags, cli);
  const [answers, queues, active, reports] = await Promise.all([
    ask<WorkerStats>('stats'),
    ask<ActiveQueue[]>('active_queues'),
    ask<TaskInfo[]>('active'),
    ask<string>('report'),
  ]);
  const of = <R>({ replies }: Answers<R>, node: string): R | undefined =>
    replies.find(({ hostname }) => hostname === node)?.value;
  const online = answers.replies.map(({ hostname: node, value: stats }): NodeStatus => {
    const running = of(active, node);
    const consumed = of(queues, node);
    return {
      node,
      state: 'online',
      pool: stats === undefined ? null : poolOf(stats),
      active: Array.isArray(running) ? running.length : null,
      done: stats === undefined ? null : sum(stats.total),
      queues: Array.isArray(consumed) ? consumed.map(({ name }) => name) : [],
      version: versionOf(of(reports, node)),
      uptimeSeconds: typeof stats?.uptime === 'number' ? stats.uptime : null,
    };
  });
  const silent = answers.missing.map((node): NodeStatus => {
    const nothing = { pool: null, active: null, done: null, queues: [], version: null, uptimeSeconds: null };
    return { node, state: 'silent', ...nothing };
  });
  return { nodes: [...online, ...silent], answers };
}

/** `celery.concurrency.prefork:TaskPool` → `prefork:8`, ours `nestjs-celery:async` → `async:8`; older Celery says less. */
function poolOf({ pool }: WorkerStats): string | null {
  const { implementation, 'max-concurrency': size, processes } = pool ?? {};
  const [module = '', name] = typeof implementation === 'string' ? implementation.split(':') : [];
  const kind =
    name === 'TaskPool' ? module.split('.').at(-1) : (name ?? (processes === undefined ? '' : 'prefork'));
  if (!kind) return null;
  return typeof size === 'number' ? `${kind}:${size}` : kind;
}

function sum(totals: unknown): number {
  if (typeof totals !== 'object' || totals === null) return 0;
  return Object.values(totals).reduce<number>((all, each) => all + (typeof each === 'number' ? each : 0), 0);
}

/** `software -> celery:5.6.2 (recovery) kombu:5.6.2 …` → `celery 5.6.2` */
function versionOf(report: unknown): string | null {
  const found = typeof report === 'string' ? /software -> (\S+?):(\S+)/.exec(report) : null;
  return found === null ? null : `${found[1]} ${found[2]}`;
}
