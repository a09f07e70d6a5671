import type { BackendSettings } from '../../lib/backend/backend.options.js';
import { openContent } from '../../lib/message/content.factory.js';
import { contentFields, type ContentConfig } from '../../lib/message/content.options.js';
import { systemClock } from '../../lib/runtime/clock.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { readOptions } from '../../lib/runtime/options.js';

/** Settings of a backend in a test: everything as by default, quiet. */
export async function backendSettings(changes: Partial<BackendSettings> = {}): Promise<BackendSettings> {
  return {
    expiresMs: 86_400_000,
    persistent: false,
    timeoutMs: 5_000,
    pollingIntervalMs: 60_000,
    connectTimeoutMs: 2_000,
    transportOptions: {},
    tls: undefined,
    serializer: 'json',
    content: await openContent(readOptions<ContentConfig>('celery', {}, contentFields)),
    replyChannel: undefined,
    clientName: 'test',
    clock: systemClock,
    log: silentLog,
    ...changes,
  };
}
