import { EMPTY_EMBED, type TaskMessage } from '../../lib/message/task-message.js';

/** A message understood, but for the wish. */
export function aTaskMessage(wish: Partial<TaskMessage> = {}): TaskMessage {
  return Object.freeze({
    id: 'an-id',
    task: 'math.add',
    args: [],
    kwargs: {},
    embed: EMPTY_EMBED,
    retries: 0,
    etaMs: undefined,
    expiresMs: undefined,
    expires: undefined,
    timeLimit: { hard: undefined, soft: undefined },
    rootId: 'an-id',
    parentId: undefined,
    groupId: undefined,
    groupIndex: undefined,
    shadow: undefined,
    origin: undefined,
    argsrepr: '()',
    kwargsrepr: '{}',
    ignoreResult: undefined,
    replacedTaskNesting: 0,
    stampedHeaders: [],
    stamps: {},
    correlationId: 'an-id',
    replyTo: undefined,
    priority: 0,
    customHeaders: {},
    serializer: 'json',
    compression: undefined,
    ...wish,
  });
}
