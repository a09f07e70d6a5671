import { UndecodableMessageError } from '../errors.js';
import type { Content } from '../message/content.js';
import type { RemoteError } from '../message/remote-error.js';
import type { WireMessage } from '../message/wire-message.js';
import { EXCEPTION_STATES, type ExtendedMeta, type TaskMeta } from './result-backend.js';

/**
 * Celery's task meta document ⇄ TaskMeta, in the serializer that results are written in. What is stored does not say
 * which one that is: all who write and read results must agree on it.
 */
export class TaskMetaCodec {
  readonly #contentType: string;
  readonly #contentEncoding: string;

  constructor(
    private readonly content: Content,
    private readonly serializer: string,
  ) {
    const { contentType, contentEncoding } = content.encode(null, serializer);
    this.#contentType = contentType;
    this.#contentEncoding = contentEncoding;
  }

  get contentType(): string {
    return this.#contentType;
  }
  get contentEncoding(): string {
    return this.#contentEncoding;
  }

  /** @throws EncodeError when the result has no form in the serializer */
  encode(meta: TaskMeta): Buffer {
    return this.content.encode(documentOf(meta), this.serializer).body;
  }

  /**
   * @param taskId what the document was found under; it counts, whatever the document says
   * @throws UndecodableMessageError when the bytes are no task meta document
   */
  decode(bytes: Buffer, taskId: string): TaskMeta {
    const described = {
      contentType: this.#contentType,
      contentEncoding: this.#contentEncoding,
      compression: undefined,
    };
    return metaOf(this.content.decode(bytes, described), taskId);
  }

  /**
   * The state a result message carries; other than a stored one, it says how it is written.
   * @throws UndecodableMessageError
   */
  decodeMessage({ body, contentType, contentEncoding }: WireMessage): TaskMeta {
    return metaOf(
      this.content.decode(body, { contentType, contentEncoding, compression: undefined }),
      undefined,
    );
  }
}

/** In Python's order: `status` first, `task_id` last. */
function documentOf(meta: TaskMeta): Record<string, unknown> {
  const { extended } = meta;
  return {
    status: meta.status,
    result: meta.result ?? null,
    traceback: meta.traceback ?? null,
    children: meta.children ?? null,
    date_done: meta.dateDone ?? null,
    ...(meta.groupId === undefined ? {} : { group_id: meta.groupId }),
    ...(meta.parentId === undefined ? {} : { parent_id: meta.parentId }),
    ...(extended === undefined ? {} : extendedFields(extended)),
    task_id: meta.taskId,
  };
}

/** Fields of the document itself: a stamp of such a name, which any sender can choose, must not replace one. */
const OWN_FIELDS = new Set(
  (
    'status result traceback children date_done group_id parent_id name args kwargs worker retries queue ' +
    'stamped_headers task_id __proto__'
  ).split(' '),
);

function extendedFields(extended: ExtendedMeta): Record<string, unknown> {
  const { name, args, kwargs, worker, retries, queue } = extended;
  const fields = { name, args, kwargs, worker, retries, queue };
  const stamps = Object.entries(extended.stamps).filter(([stamp]) => !OWN_FIELDS.has(stamp));
  if (stamps.length === 0) return fields;
  return { ...fields, stamped_headers: stamps.map(([stamp]) => stamp), ...Object.fromEntries(stamps) };
}

function metaOf(document: unknown, foundUnder: string | undefined): TaskMeta {
  if (!isRecord(document)) throw notAMeta('it is no object');
  const taskId = foundUnder ?? document['task_id'];
  const { status, result, traceback, children, date_done: dateDone } = document;
  if (typeof status !== 'string') throw notAMeta('it has no "status"');
  if (typeof taskId !== 'string') throw notAMeta('it has no "task_id"');
  return Object.freeze({
    taskId,
    status,
    result: EXCEPTION_STATES.has(status) ? errorOf(result) : (result ?? null),
    traceback: optional(traceback),
    children: Array.isArray(children) ? children : undefined,
    dateDone: optional(dateDone),
    groupId: optional(document['group_id']),
    parentId: optional(document['parent_id']),
    extended: typeof document['name'] === 'string' ? extendedOf(document, document['name']) : undefined,
  });
}

function notAMeta(problem: string): UndecodableMessageError {
  return new UndecodableMessageError(`the stored result is no task meta document: ${problem}`);
}

function extendedOf(document: Readonly<Record<string, unknown>>, name: string): ExtendedMeta {
  const { args, kwargs, worker, retries, queue, stamped_headers: stamped } = document;
  const names = Array.isArray(stamped) ? stamped.filter((each) => typeof each === 'string') : [];
  const stamps = names.filter((each) => !OWN_FIELDS.has(each) && Object.hasOwn(document, each));
  return {
    name,
    args,
    kwargs,
    worker: optional(worker) ?? '',
    retries: typeof retries === 'number' ? retries : 0,
    queue: optional(queue) ?? '',
    stamps: Object.fromEntries(stamps.map((each) => [each, document[each]])),
  };
}

/** Whatever stands there, as an exception: a reader must not stumble over a document that somebody wrote by hand. */
export function errorOf(result: unknown): RemoteError {
  if (!isRecord(result) || typeof result['exc_type'] !== 'string') {
    return { exc_type: 'Exception', exc_message: argumentsOf(result), exc_module: 'builtins' };
  }
  return {
    exc_type: result['exc_type'],
    exc_message: argumentsOf(result['exc_message']),
    exc_module: optional(result['exc_module']) ?? '',
  };
}

/** One argument is also written bare. */
function argumentsOf(message: unknown): readonly unknown[] {
  if (message === undefined || message === null) return [];
  return Array.isArray(message) ? message : [message];
}

function optional(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
