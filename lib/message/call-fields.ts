import type { Embed, TaskMessage } from './task-message.js';
import {
  countField,
  dateField,
  displayText,
  idField,
  isRecord,
  optionalCount,
  optionalId,
  refuse,
  taskNameField,
  timeLimitField,
  type Fields,
} from './wire-fields.js';
import type { WireMessage } from './wire-message.js';

/** The arguments of the call, already checked. */
export interface CallParts {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly embed: Embed;
}

/** How a retry writes the message again: as it came, where that can be written. */
export type Form = Pick<TaskMessage, 'serializer' | 'compression'>;

/**
 * What both protocols say by the same names: protocol 2 in its headers, protocol 1 in its body.
 * @param naive how dates without an offset are meant; default UTC
 * @throws UndecodableMessageError
 */
export function taskMessageOf(
  fields: Fields,
  { args, kwargs, embed }: CallParts,
  wire: WireMessage,
  form: Form,
  naive?: 'local',
): TaskMessage {
  const { headers, properties } = wire;
  const id = idField(fields['id'], 'task id');
  const expires = dateField(fields, 'expires', naive);
  const stamped = fields['stamped_headers'];
  return Object.freeze({
    id,
    task: taskNameField(fields['task']),
    args,
    kwargs,
    embed,
    retries: countField(fields, 'retries'),
    etaMs: dateField(fields, 'eta', naive)?.ms,
    expiresMs: expires?.ms,
    expires: expires?.text,
    timeLimit: timeLimitField(fields['timelimit']),
    rootId: optionalId(fields, 'root_id') ?? id,
    parentId: optionalId(fields, 'parent_id'),
    groupId: optionalId(fields, 'group'),
    groupIndex: optionalCount(fields, 'group_index'),
    shadow: displayText(fields, 'shadow'),
    origin: displayText(fields, 'origin'),
    argsrepr: displayText(fields, 'argsrepr') ?? '',
    kwargsrepr: displayText(fields, 'kwargsrepr') ?? '',
    ignoreResult: typeof fields['ignore_result'] === 'boolean' ? fields['ignore_result'] : undefined,
    replacedTaskNesting: countField(fields, 'replaced_task_nesting'),
    stampedHeaders: Array.isArray(stamped) ? stamped.filter((each) => typeof each === 'string') : [],
    stamps: isRecord(fields['stamps']) ? fields['stamps'] : NOTHING,
    correlationId: properties.correlationId ?? id,
    replyTo: properties.replyTo === '' ? undefined : properties.replyTo,
    priority: properties.priority,
    customHeaders: customHeadersOf(headers),
    ...form,
  });
}

const NOTHING: Fields = Object.freeze({});

/** Headers that are Celery's, kombu's or a broker's; every other one is the caller's own. */
const KNOWN_HEADERS = new Set(
  (
    'lang task id shadow eta expires group group_index retries timelimit root_id parent_id argsrepr kwargsrepr origin ' +
    'ignore_result replaced_task_nesting stamped_headers stamps compression redelivered meth groups'
  ).split(' '),
);

/** The caller's own headers. */
export function customHeadersOf(headers: Fields): Fields {
  let own: Record<string, unknown> | undefined;
  for (const name of Object.keys(headers)) {
    if (KNOWN_HEADERS.has(name) || isBrokersNote(name)) continue;
    if (name === '__proto__') refuse('a "__proto__" header is refused');
    own ??= {};
    own[name] = headers[name];
  }
  return own ?? NOTHING;
}

/** Notes that a broker or a worker made about one delivery, such as `x-death`. Not the caller's, and not sent on. */
export function isBrokersNote(header: string): boolean {
  return (
    header === 'redelivered' ||
    (header.startsWith('x-') &&
      /^x-(?:death|first-death-|last-death-|delivery-count|acquired-count|quarantine-)/.test(header))
  );
}
