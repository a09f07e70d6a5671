import type { CallOptions } from '../canvas/call.options.js';
import { fromCanvasDict, isSignatureDict, prepended } from '../canvas/canvas-dict.js';
import type { AnyCanvas } from '../canvas/canvas.js';
import { withMore } from '../canvas/frozen.js';
import { ACCUMULATE } from '../canvas/replacement.js';
import { makeSignature } from '../canvas/signature.js';
import type { TaskContext } from '../context/task.context.js';
import { InvalidCallError, NotRegistered } from '../errors.js';
import { toSignatureDict } from '../canvas/signature-dict.js';
import type { SignatureDict } from '../message/signature.js';
import type { TaskHandler } from './pool/pool.js';

/**
 * Celery's own tasks that need nothing but the other tasks: every pool runs them. They are called by canvases from
 * anywhere, with what stood in a signature, so that all of it is checked.
 */
export function builtinHandlers(
  handlerOf: (task: string) => TaskHandler | undefined,
): ReadonlyMap<string, TaskHandler> {
  const each = async (
    context: TaskContext,
    argsOf: (item: unknown) => readonly unknown[],
  ): Promise<unknown[]> => {
    const { task, args, kwargs } = signatureIn(context, 'task');
    const handler = handlerOf(task);
    if (handler === undefined) throw new NotRegistered(task);
    const values: unknown[] = [];
    for (const item of listIn(context, 'it')) {
      context.signal.throwIfAborted();
      const call = context.as(task, [...argsOf(item), ...args], kwargs);
      const value: unknown = await call.run(() => handler(call));
      values.push(value ?? null);
    }
    return values;
  };
  return new Map<string, TaskHandler>([
    [
      ACCUMULATE,
      ({ args, kwargs }) => (typeof kwargs['index'] === 'number' ? args.at(kwargs['index']) : args),
    ],
    ['celery.map', (context) => each(context, (item) => [item])],
    ['celery.starmap', (context) => each(context, (item) => listOf(context, item, 'it'))],
    ['celery.chunks', chunks],
    ['celery.group', group],
    ['celery.chord', chord],
    ['celery.chain', (context) => refuse(context, 'a chain is sent step by step and is no task')],
  ]);
}

/** Sends itself on as a group of starmaps. */
async function chunks(context: TaskContext): Promise<unknown> {
  const n = argument(context, 'n', 2);
  if (typeof n !== 'number' || !Number.isSafeInteger(n) || n < 1)
    return refuse(context, `its n must be a whole number of 1 or more, got ${JSON.stringify(n)}`);
  const task = toSignatureDict(signatureIn(context, 'task'));
  const items = listIn(context, 'it', 1);
  const members: AnyCanvas[] = [];
  for (let from = 0; from < items.length; from += n) {
    const kwargs = { task, it: items.slice(from, from + n) };
    members.push(makeSignature('celery.starmap', { kwargs, immutable: true }));
  }
  const sent = await context.send({ kind: 'group', members, options: NO_OPTIONS, immutable: true });
  return sent.asTuple();
}

/** Celery's old re-dispatcher: `tasks`, `result`, `group_id`, `partial_args`. */
async function group(context: TaskContext): Promise<unknown> {
  const members = listIn(context, 'tasks').map((each) => canvasOf(context, each, 'tasks'));
  const groupId = argument(context, 'group_id', 2);
  const partial = listOf(context, argument(context, 'partial_args', 3) ?? [], 'partial_args');
  const options: CallOptions = typeof groupId === 'string' ? { taskId: groupId } : NO_OPTIONS;
  const canvas: AnyCanvas = { kind: 'group', members, options, immutable: false };
  await context.send(prepended(canvas, partial, {}));
  return argument(context, 'result', 1) ?? null;
}

/** The same for a chord: `header`, `body`, `partial_args`. */
async function chord(context: TaskContext): Promise<unknown> {
  const header = argument(context, 'header', 0);
  const body = argument(context, 'body', 1);
  const partial = listOf(context, argument(context, 'partial_args', 2) ?? [], 'partial_args');
  const dict: SignatureDict = {
    task: 'celery.chord',
    args: [],
    kwargs: { header, body, kwargs: {} },
    options: {},
    subtask_type: 'chord',
    immutable: false,
  };
  const sent = await context.send(withMore(prepended(fromCanvasDict(dict), partial, {}), NO_OPTIONS));
  return sent.asTuple();
}

function signatureIn(context: TaskContext, name: string): ReturnType<typeof taskIn> {
  return taskIn(context, argument(context, name, 0), name);
}

function taskIn(context: TaskContext, value: unknown, name: string) {
  const canvas = canvasOf(context, value, name);
  if (canvas.kind === 'task') return canvas;
  return refuse(context, `its ${name} must be one task's signature, got a ${canvas.kind}`);
}

function canvasOf(context: TaskContext, value: unknown, name: string): AnyCanvas {
  if (isSignatureDict(value)) return fromCanvasDict(value);
  return refuse(context, `its ${name} holds what is no signature`);
}

function listIn(context: TaskContext, name: string, position = name === 'it' ? 1 : 0): readonly unknown[] {
  return listOf(context, argument(context, name, position), name);
}

function listOf(context: TaskContext, value: unknown, name: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(context, `its ${name} must be a list of lists or values`);
}

/** By name, as Celery sends it, or by place. */
function argument({ args, kwargs }: TaskContext, name: string, position: number): unknown {
  return Object.hasOwn(kwargs, name) ? kwargs[name] : args[position];
}

function refuse({ name }: TaskContext, problem: string): never {
  throw new InvalidCallError(name, problem);
}

const NO_OPTIONS: CallOptions = Object.freeze({});
