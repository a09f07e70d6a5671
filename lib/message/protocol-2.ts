import { taskMessageOf, type Form } from './call-fields.js';
import type { TaskMessage } from './task-message.js';
import { argsField, embedField, kwargsField, refuse } from './wire-fields.js';
import type { WireMessage } from './wire-message.js';

/** Protocol 2: everything about the call in the headers, `[args, kwargs, embed]` in the body. */
export function readProtocol2(wire: WireMessage, body: readonly unknown[], form: Form): TaskMessage {
  if (body.length !== 3) refuse(`body has ${body.length} elements instead of 3`);
  const [args, kwargs, embed] = body;
  const parts = { args: argsField(args), kwargs: kwargsField(kwargs), embed: embedField(embed) };
  return taskMessageOf(wire.headers, parts, wire, form);
}
