/** Kinds of pool that `-P` takes; `processes` is Celery's other word for prefork. */
export const POOLS = ['async', 'threads', 'prefork', 'processes', 'solo'] as const;
