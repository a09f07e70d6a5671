import { randomUUID } from 'node:crypto';
import type { ResultBackend } from '../../backend/result-backend.js';
import { messageOf } from '../../runtime/message-of.js';
import { fail, ok, warn, type Finding } from './check.js';

/** Stores a result, reads it and removes it. */
export async function checkBackend(backend: ResultBackend | undefined): Promise<Finding> {
  if (backend === undefined) {
    return warn(
      'result backend',
      'none: results, chords and `overlap: skip` need one',
      'Set backend or CELERY_RESULT_BACKEND to redis://… or rpc://, unless nobody reads results.',
    );
  }
  if (!backend.supports.shared) {
    return ok('result backend', `${backend.url}: results come to the sender alone, once`);
  }
  const taskId = `nest-celery-doctor-${randomUUID()}`;
  try {
    await backend.connect({ failFast: true });
    const meta = {
      taskId,
      status: 'SUCCESS',
      result: taskId,
      traceback: undefined,
      children: undefined,
      dateDone: new Date().toISOString(),
      groupId: undefined,
      parentId: undefined,
      extended: undefined,
    };
    await backend.store(meta, { replyTo: undefined, correlationId: taskId });
    const read = await backend.get(taskId);
    await backend.forget(taskId);
    if (read?.result === taskId) return ok('result backend', `${backend.url}: stored and read a result`);
    return fail(
      'result backend',
      `${backend.url}: what was stored came back otherwise`,
      'Do two different servers answer there?',
    );
  } catch (error) {
    const reason = messageOf(error);
    return fail('result backend', reason, 'Is it running, and may this host write there?');
  }
}
