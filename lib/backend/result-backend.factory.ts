import { InvalidOptionError } from '../errors.js';
import { redactUrl } from '../runtime/redact-url.js';
import type { BackendSettings } from './backend.options.js';
import type { ResultBackend } from './result-backend.js';

/**
 * The backend its URL asks for, not yet connected; undefined for `none` or Celery's `disabled://`. Loads only what it needs; the one place
 * that knows them all.
 * @throws InvalidOptionError for a URL of no known backend
 */
export async function openBackend(
  url: string,
  settings: BackendSettings,
): Promise<ResultBackend | undefined> {
  const scheme = /^([a-z][a-z+]*)(?::\/\/|$)/i.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'none':
    case 'disabled':
      return undefined;
    case 'memory': {
      const { MemoryBackend } = await import('./memory.backend.js');
      return new MemoryBackend(url, settings);
    }
    case 'rpc': {
      const { RpcBackend } = await import('./rpc.backend.js');
      return new RpcBackend(settings);
    }
    case 'redis':
    case 'rediss':
    case 'redis+socket':
    case 'unix':
    case 'sentinel':
    case 'redis+cluster':
    case 'rediss+cluster': {
      const { RedisBackend } = await import('./redis.backend.js');
      return new RedisBackend(url, settings);
    }
    default:
      throw new InvalidOptionError(
        'backend',
        `${JSON.stringify(redactUrl(url))} is not the URL of a known result backend. Write for example redis://localhost:6379/1, rpc://, memory:// or none.`,
      );
  }
}
