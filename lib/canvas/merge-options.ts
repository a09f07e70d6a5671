import type { CallOptions } from './call.options.js';

/**
 * Celery's rule for a signature that is applied: given options win, but a group id and the stamps it already has never
 * change. An instant replaces a wait and the other way round.
 */
export function mergeOptions(own: CallOptions, given: CallOptions): CallOptions {
  if (isEmpty(given)) return own;
  if (isEmpty(own)) return given;
  const { countdownMs, etaMs, expiresInMs, expiresAtMs, ...rest } = own;
  const start = given.countdownMs ?? given.etaMs;
  const end = given.expiresInMs ?? given.expiresAtMs;
  return Object.freeze({
    ...rest,
    ...(start === undefined ? defined({ countdownMs, etaMs }) : {}),
    ...(end === undefined ? defined({ expiresInMs, expiresAtMs }) : {}),
    ...defined(given),
    ...(own.groupId === undefined ? {} : { groupId: own.groupId }),
    ...(own.stamps === undefined ? {} : { stamps: Object.freeze({ ...given.stamps, ...own.stamps }) }),
  });
}

/** A key that is there but undefined says nothing, as `None` in Celery. */
function defined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function isEmpty(options: CallOptions): boolean {
  for (const _key in options) return false;
  return true;
}
