import type { ClusterState } from '../events/cluster.state.js';
import type { TaskRecord } from '../events/task.record.js';
import { isAlive } from '../events/worker.record.js';
import { ago } from './durations.js';
import type { Output } from './output.js';
import type { Style } from './table.js';

const WORKERS = [
  { title: 'WORKER' },
  { title: 'STATE', shrinks: false },
  { title: 'ACTIVE', align: 'right' },
  { title: 'DONE', align: 'right' },
  { title: 'LOAD', align: 'right' },
  { title: 'SOFTWARE' },
  { title: 'HEARD', align: 'right' },
] as const;

const TASKS = [
  { title: 'STATE', shrinks: false },
  { title: 'TASK' },
  { title: 'ID' },
  { title: 'WORKER' },
  { title: 'ARGS' },
  { title: 'TIME', align: 'right' },
] as const;

const STYLES: ReadonlyMap<string, Style> = new Map<string, Style>([
  ['SUCCESS', 'green'],
  ['FAILURE', 'red'],
  ['REVOKED', 'red'],
  ['REJECTED', 'red'],
  ['RETRY', 'yellow'],
  ['STARTED', 'cyan'],
]);

/** How far the fleet is: counts, its workers, and as many of the latest tasks as there is room for. */
export function eventScreen(state: ClusterState, nowMs: number, rows: number, output: Output): string[] {
  const workers = state.workers().toSorted((a, b) => (a.hostname < b.hostname ? -1 : 1));
  const tasks = state.tasks();
  const alive = workers.filter((worker) => isAlive(worker, nowMs));
  const counts = new Map<string, number>();
  for (const { state: each } of tasks) counts.set(each, (counts.get(each) ?? 0) + 1);
  const counted = [...counts].map(([name, count]) =>
    output.paint(STYLES.get(name) ?? 'bold', `${name} ${count}`),
  );
  const head = [
    `${output.paint('bold', `${alive.length} of ${workers.length} workers`)}   ${tasks.length} tasks   ${state.events} events   ${counted.join('  ')}`,
    '',
  ];
  const workerLines = output.tableLines(
    WORKERS,
    workers
      .slice(0, MOST_WORKERS)
      .map((worker) => [
        worker.hostname,
        isAlive(worker, nowMs) ? { text: 'online', style: 'green' } : { text: 'offline', style: 'red' },
        String(worker.active ?? '–'),
        String(worker.processed ?? '–'),
        worker.loadavg?.map((load) => load.toFixed(2)).join(' ') ?? '–',
        worker.software ?? '–',
        ago(nowMs - worker.heardMs),
      ]),
  );
  const room = Math.max(1, rows - head.length - workerLines.length - 3);
  const taskLines = output.tableLines(
    TASKS,
    tasks
      .slice(0, room)
      .map((task) => [
        { text: task.state, style: STYLES.get(task.state) ?? 'dim' },
        task.name ?? '–',
        task.id,
        task.worker ?? task.client ?? '–',
        [task.args, task.kwargs].filter((each) => each !== undefined && each !== '{}').join(' '),
        timeOf(task, nowMs),
      ]),
  );
  return [...head, ...workerLines, '', ...(tasks.length === 0 ? [NO_TASKS] : taskLines)];
}

const MOST_WORKERS = 20;
const NO_TASKS = 'No task yet. Workers tell of tasks when started with -E: nest-celery control enable_events';

function timeOf({ runtimeMs, startedMs, endedMs }: TaskRecord, nowMs: number): string {
  if (runtimeMs !== undefined) return ago(runtimeMs);
  if (startedMs === undefined) return '';
  return ago((endedMs ?? nowMs) - startedMs);
}
