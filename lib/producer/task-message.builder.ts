import { randomUUID } from 'node:crypto';
import type { AnySignature, CallOptions } from '../canvas/call.options.js';
import { argsrepr, kwargsrepr } from '../message/saferepr.js';
import { EMPTY_EMBED, type Embed, type TaskMessage } from '../message/task-message.js';
import type { TaskConfig } from '../task/task.options.js';
import type { SendingTask } from './sender.js';

/** What a call does not say itself. Everything decided. */
export interface MessageContext {
  readonly now: number;
  readonly serializer: string;
  readonly compression: string | undefined;
  readonly priority: number;
  readonly replyTo: string | undefined;
  readonly origin: string;
  readonly task: TaskConfig | undefined;
  readonly parent: SendingTask | undefined;
}

/** A call and its options → the message that carries it. The options are the call's with its task's. */
export function buildTaskMessage(
  call: AnySignature,
  options: CallOptions,
  context: MessageContext,
): TaskMessage {
  const { now, task, parent } = context;
  const id = options.taskId ?? randomUUID();
  return Object.freeze({
    id,
    task: call.task,
    args: call.args,
    kwargs: call.kwargs,
    embed: embedOf(options),
    retries: 0,
    // Celery: a countdown of 0 is none, and any other wins over an eta.
    etaMs: options.countdownMs ? now + options.countdownMs : options.etaMs,
    expiresMs: options.expiresInMs === undefined ? options.expiresAtMs : now + options.expiresInMs,
    expires: undefined,
    timeLimit: { hard: options.timeLimitSeconds, soft: options.softTimeLimitSeconds },
    rootId: options.rootId ?? parent?.rootId ?? id,
    parentId: options.parentId ?? parent?.id,
    groupId: options.groupId,
    groupIndex: options.groupIndex,
    shadow: options.shadow,
    origin: context.origin,
    ...reprsOf(call, options, task),
    ignoreResult: options.ignoreResult ?? false,
    replacedTaskNesting: options.replacedTaskNesting ?? 0,
    stampedHeaders: options.stamps === undefined ? [] : Object.keys(options.stamps),
    stamps: options.stamps ?? NONE,
    correlationId: id,
    replyTo: options.replyTo ?? context.replyTo,
    priority: context.priority,
    customHeaders: options.headers ?? NONE,
    serializer: context.serializer,
    compression: context.compression,
  });
}

const NONE: Readonly<Record<string, never>> = Object.freeze({});

function embedOf({ link, linkError, chain, chord }: CallOptions): Embed {
  if (link === undefined && linkError === undefined && chain === undefined && chord === undefined)
    return EMPTY_EMBED;
  return { callbacks: link ?? [], errbacks: linkError ?? [], chain: chain ?? [], chord };
}

/** What logs and monitors show: as the call says, else as its task says, else the arguments themselves. */
export function reprsOf(
  { args, kwargs }: Pick<AnySignature, 'args' | 'kwargs'>,
  options: Pick<CallOptions, 'argsrepr' | 'kwargsrepr'>,
  task: TaskConfig | undefined,
): { readonly argsrepr: string; readonly kwargsrepr: string } {
  const masked = task?.argsrepr;
  if (masked === undefined) {
    return {
      argsrepr: options.argsrepr ?? argsrepr(args),
      kwargsrepr: options.kwargsrepr ?? kwargsrepr(kwargs),
    };
  }
  return {
    argsrepr: options.argsrepr ?? (masked === true ? HIDDEN : masked(args, kwargs)),
    kwargsrepr: options.kwargsrepr ?? (Object.keys(kwargs).length === 0 ? '{}' : HIDDEN),
  };
}

const HIDDEN = '...';
