// Apart from the tasks: who imports those is a worker.

/** Of `hard.fails`. */
export const RETRIES = 2;
/** Of the first retry of `hard.depends`, doubled with each. */
export const BACKOFF_SECONDS = 2;
/** Where `hard.depends` notes the times that its retries were due, epoch ms, one a line. */
export const duesFile = (away: string): string => `${away}.dues`;
