import { randomUUID } from 'node:crypto';
import {
  CeleryFactory,
  CeleryModule,
  TaskClient,
  type AsyncResult,
  type GroupResult,
  type RemoteError,
} from '../../lib/index.js';
import { startPythonClient, startPythonWorker } from '../support/python.js';
import { Lists } from './lists.js';
import { builderOf } from './workflow.builder.js';
import type { Shape } from './workflow.shapes.js';
import { WorkflowTasks } from './workflow.tasks.js';

export type Fleet = 'js' | 'py' | 'both';
export type Fleets = Awaited<ReturnType<typeof openFleets>>;

/** What became of a canvas. */
export interface Told {
  readonly value: unknown;
  readonly notes: readonly string[];
}

export const expectedOf = (shape: Shape): Told => ({
  value: compared(shape.is, shape),
  notes: shape.notes ?? [],
});

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const masked = (text: string): string => text.replaceAll(UUID, '<id>');

/** Four workers in three fleets: Python's, ours, and one of each kind on one queue; a client of each kind for them. */
export async function openFleets(broker: string, backend: string, listsUrl: string) {
  const run = randomUUID().slice(0, 8);
  const queueOf = (fleet: Fleet): string => `wf-${fleet}-${run}`;
  const sideOf = (fleet: Fleet): string => `${queueOf(fleet)}-side`;
  const queuesOf = (fleet: Fleet): string[] => [queueOf(fleet), sideOf(fleet)];
  const lists = new Lists(listsUrl);
  const python = (fleet: Fleet) => ({
    broker,
    backend,
    app: 'workflow_app',
    env: { FLEET_QUEUE: queueOf(fleet), LISTS_URL: listsUrl },
  });
  const ours = async (fleet: Fleet, consumes: boolean) => {
    const options = { broker, backend, taskDefaultQueue: queueOf(fleet), jsonTypedValues: false };
    const root = {
      module: class WorkflowModule {},
      imports: [CeleryModule.forRoot(options)],
      providers: [WorkflowTasks, { provide: Lists, useValue: lists }],
    };
    const worker = await CeleryFactory.createWorker(root, {
      // A client only: it consumes a queue that nobody sends to.
      queues: consumes ? queuesOf(fleet) : [`${queueOf(fleet)}-nothing`],
      hostname: `wf-${fleet}@test`,
      concurrency: 10,
      logger: false,
      handleSignals: false,
    });
    return { client: worker.app.get(TaskClient), [Symbol.asyncDispose]: () => worker.close(2_000) };
  };
  const [js, both, py, pyWorker, pyBoth, toJs, toPy] = await Promise.all([
    ours('js', true),
    ours('both', true),
    ours('py', false),
    startPythonWorker(python('py'), queuesOf('py'), `wf-py-${run}@test`, 2),
    startPythonWorker(python('both'), queuesOf('both'), `wf-both-${run}@test`, 1),
    startPythonClient(python('js'), 'workflow_app.py'),
    startPythonClient(python('py'), 'workflow_app.py'),
  ]);
  const clients = { js: js.client, both: both.client, py: py.client };
  const clientsOfPython = { js: toJs, py: toPy };
  const notesIn = async (list: string, { notes = [] }: Shape): Promise<string[]> => {
    const found = await lists.texts(list, notes.length);
    return found.map(masked).toSorted(byText);
  };
  return {
    client: (fleet: Fleet) => clients[fleet],
    python: clientsOfPython,
    byPython: async (shape: Shape, fleet: 'js' | 'py'): Promise<Told> => {
      const notes = `notes-${randomUUID()}`;
      const { canvas, args, kwargs } = shape;
      const python = clientsOfPython[fleet];
      // Sent now; waited for when those sent before have been waited for.
      const { tuple } = await python.ask<{ tuple: unknown }>('send', { canvas, notes, args, kwargs });
      const { value } = await python.ask<{ value: unknown }>('value', { tuple });
      return { value: compared(value, shape), notes: await notesIn(notes, shape) };
    },
    byUs: async (shape: Shape, fleet: Fleet): Promise<Told> => {
      const notes = `notes-${randomUUID()}`;
      const canvas = builderOf(clients[fleet], notes, sideOf(fleet))(shape.canvas);
      const { args = [], kwargs = {} } = shape;
      const sent = await clients[fleet].applyAsync(canvas as never, { args, kwargs } as never);
      const value = await valueOf(sent as AsyncResult | GroupResult);
      return { value: compared(value, shape), notes: await notesIn(notes, shape) };
    },
    /** Celery's keys of chords: it keeps those of chords that failed. */
    chordKeys: async () => (await lists.keys(backend, 'celery-taskset-meta-*.[jts]')).toSorted(byText),
    async [Symbol.asyncDispose]() {
      const opened = [js, both, py, pyWorker, pyBoth, toJs, toPy];
      await Promise.all(opened.map((each) => each[Symbol.asyncDispose]()));
      await lists[Symbol.asyncDispose]();
    },
  };
}

const byText = (one: string, other: string): number => (one < other ? -1 : 1);

/** As Python tells it: lists of groups, and `error:Type: message` for what failed. */
async function valueOf(result: AsyncResult | GroupResult): Promise<unknown> {
  if (result.kind === 'group')
    return Promise.all(result.results.map((each) => valueOf(each as AsyncResult | GroupResult)));
  const value = await result.get({ timeout: 20, propagate: false });
  return isError(value) ? `error:${value.exc_type}: ${value.exc_message.map(String).join(', ')}` : value;
}

const isError = (value: unknown): value is RemoteError =>
  typeof value === 'object' && value !== null && 'exc_type' in value;

/** Without what differs from run to run. */
function compared(value: unknown, shape: Shape): unknown {
  if (shape.inAnyOrder && Array.isArray(value)) return value.flat(10).map(String).toSorted(byText);
  if (Array.isArray(value)) return value.map((each) => compared(each, shape));
  return typeof value === 'string' ? masked(value) : value;
}
