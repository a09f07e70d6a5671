import { unreachable } from '../runtime/unreachable.js';
import type { CustomEvent, TaskEvent } from './event.js';

/** What is known of a task from the events about it. Times are epoch ms by the clocks of those who told them. Frozen. */
export interface TaskRecord {
  readonly id: string;
  /** Undefined until an event names it: monitors start while tasks run. */
  readonly name: string | undefined;
  /** Celery's states, `REJECTED` and `CANCELLED`, or one of the application's own. */
  readonly state: string;
  /** Node name of the worker that had it last. */
  readonly worker: string | undefined;
  /** Who sent it, where clients tell. */
  readonly client: string | undefined;
  /** Python's `repr` of the arguments. */
  readonly args: string | undefined;
  readonly kwargs: string | undefined;
  /** `[args, kwargs]` as JSON, where its worker tells them. */
  readonly argsJson: string | undefined;
  readonly rootId: string | undefined;
  readonly parentId: string | undefined;
  readonly groupId: string | undefined;
  /** Id of the body of its chord. */
  readonly chordId: string | undefined;
  readonly queue: string | undefined;
  readonly exchange: string | undefined;
  readonly routingKey: string | undefined;
  readonly retries: number;
  /** ISO 8601. */
  readonly eta: string | undefined;
  /** ISO 8601. */
  readonly expires: string | undefined;
  readonly result: string | undefined;
  readonly runtimeMs: number | undefined;
  readonly exception: string | undefined;
  readonly traceback: string | undefined;
  readonly sentMs: number | undefined;
  readonly receivedMs: number | undefined;
  readonly startedMs: number | undefined;
  /** When it came into a state it does not leave by itself, or is retried. */
  readonly endedMs: number | undefined;
  /** Time and clock of the latest event about it. */
  readonly updatedMs: number;
  readonly clock: number;
}

/** The record with what an event says. Events come late and in the wrong order: an earlier one only fills what is missing. */
export function taskAfter(
  known: TaskRecord | undefined,
  event: TaskEvent | (CustomEvent & { readonly uuid: string }),
): TaskRecord {
  const said = saidBy(event);
  const base = known ?? { ...NOTHING, id: event.uuid };
  if (known !== undefined && happensBefore(said.state, known.state)) {
    return Object.freeze({ ...withoutGaps(said), ...withoutGaps(known) }) as TaskRecord;
  }
  const timing = {
    updatedMs: ms(event.timestamp),
    clock: event.type === 'task-sent' ? base.clock : event.clock,
  };
  return Object.freeze({ ...base, ...withoutGaps(said), ...timing });
}

type Said = Partial<TaskRecord> & { readonly state: string };

function saidBy(event: TaskEvent | CustomEvent): Said {
  const worker = event.hostname;
  const at = ms(event.timestamp);
  switch (event.type) {
    case 'task-sent': {
      const { queue, exchange, routing_key: routingKey } = event;
      const target = { queue: queue ?? undefined, exchange, routingKey };
      return { state: 'PENDING', client: event.hostname, sentMs: at, ...callOf(event), ...target };
    }
    case 'task-received': {
      const { queue, group_id: groupId, chord_id: chordId, argsjson: argsJson } = event;
      const more = { queue, groupId, chordId, argsJson };
      return { state: 'RECEIVED', worker, receivedMs: at, ...callOf(event), ...more };
    }
    case 'task-started':
      return { state: 'STARTED', worker, startedMs: at };
    case 'task-succeeded':
      return {
        state: 'SUCCESS',
        worker,
        endedMs: at,
        result: short(event.result),
        runtimeMs: ms(event.runtime),
      };
    case 'task-failed':
      return { state: 'FAILURE', worker, endedMs: at, ...thrownOf(event) };
    case 'task-retried':
      return { state: 'RETRY', worker, endedMs: at, ...thrownOf(event) };
    case 'task-rejected':
      return { state: 'REJECTED', worker, endedMs: at };
    case 'task-revoked':
      return { state: 'REVOKED', worker, endedMs: at };
    case 'task-cancelled':
      return { state: 'CANCELLED', worker };
    case 'custom':
      return {
        state: event.name
          .replace(/^task-/, '')
          .toUpperCase()
          .slice(0, 100),
        worker,
      };
    default:
      return unreachable(event);
  }
}

function callOf(event: Extract<TaskEvent, { readonly name: string }>): Partial<TaskRecord> {
  const { name, args, kwargs, root_id, parent_id, retries, eta, expires } = event;
  return {
    name,
    args: short(args),
    kwargs: short(kwargs),
    rootId: root_id ?? undefined,
    parentId: parent_id ?? undefined,
    retries,
    eta: eta ?? undefined,
    expires: expires ?? undefined,
  };
}

function thrownOf({
  exception,
  traceback,
}: {
  readonly exception: string;
  readonly traceback: string | null;
}) {
  return {
    exception: short(exception),
    traceback: traceback === null ? undefined : traceback.slice(0, LONGEST_TRACEBACK),
  };
}

/** Celery's order, latest first. What is not in it (states of an application's own) lies where the null stands. */
const ORDER: readonly (string | null)[] = [
  'SUCCESS',
  'FAILURE',
  null,
  'REVOKED',
  'STARTED',
  'RECEIVED',
  'REJECTED',
  'RETRY',
  'PENDING',
];

/** A retry begins anew, so around it the later message counts. */
function happensBefore(state: string, known: string): boolean {
  if (state === 'RETRY' || known === 'RETRY') return state === 'PENDING';
  return rank(state) > rank(known);
}

function rank(state: string): number {
  const found = ORDER.indexOf(state);
  return found === -1 ? ORDER.indexOf(null) : found;
}

function withoutGaps<T extends object>(record: T): Partial<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Partial<T>;
}

const ms = (seconds: number): number => Math.round(seconds * 1000);

/** What one record may hold of a text from outside. */
const LONGEST_TEXT = 4_096;
const LONGEST_TRACEBACK = 16_384;

function short(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text;
}

const NOTHING: Omit<TaskRecord, 'id'> = Object.freeze({
  name: undefined,
  state: 'PENDING',
  worker: undefined,
  client: undefined,
  args: undefined,
  kwargs: undefined,
  argsJson: undefined,
  rootId: undefined,
  parentId: undefined,
  groupId: undefined,
  chordId: undefined,
  queue: undefined,
  exchange: undefined,
  routingKey: undefined,
  retries: 0,
  eta: undefined,
  expires: undefined,
  result: undefined,
  runtimeMs: undefined,
  exception: undefined,
  traceback: undefined,
  sentMs: undefined,
  receivedMs: undefined,
  startedMs: undefined,
  endedMs: undefined,
  updatedMs: 0,
  clock: 0,
});
