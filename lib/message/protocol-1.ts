import { taskMessageOf, type Form } from './call-fields.js';
import { argsrepr, kwargsrepr } from './saferepr.js';
import type { TaskMessage } from './task-message.js';
import { argsField, embedField, isRecord, kwargsField, refuse, type Fields } from './wire-fields.js';
import type { WireMessage } from './wire-message.js';

/**
 * Protocol 1: the call is one object in the body, and the headers are the caller's. Read only; nothing writes it any more.
 */
export function readProtocol1(wire: WireMessage, body: unknown, form: Form): TaskMessage {
  if (!isRecord(body)) return refuse('headers name no task, and the body is no object that does');
  if (body['task'] === undefined) return refuse('neither headers nor body name a task');
  const { taskset, ...call } = body;
  return readCall(taskset === undefined ? call : { ...call, group: taskset }, body, wire, form);
}

/** The hybrid: protocol 2's headers over a body of protocol 1, which supplies what they leave open. */
export function readHybrid(wire: WireMessage, body: unknown, form: Form): TaskMessage {
  if (!isRecord(body) || !Object.hasOwn(body, 'args')) return refuse('body is no list of 3');
  const said = Object.entries(wire.headers).filter(([, value]) => value !== null && value !== undefined);
  return readCall({ ...body, ...Object.fromEntries(said) }, body, wire, form);
}

function readCall(call: Fields, body: Fields, wire: WireMessage, form: Form): TaskMessage {
  const args = argsField(body['args'] ?? []);
  const kwargs = kwargsField(body['kwargs'] ?? {});
  const { callbacks, errbacks, chord } = body;
  const reprs = { argsrepr: argsrepr(args), kwargsrepr: kwargsrepr(kwargs) };
  return taskMessageOf(
    { ...reprs, ...call },
    { args, kwargs, embed: embedField({ callbacks, errbacks, chord }) },
    wire,
    form,
    body['utc'] === false ? 'local' : undefined,
  );
}
