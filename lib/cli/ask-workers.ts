import type { AskOptions } from '../control/control.client.js';
import type { NodeReply } from '../control/reply.js';
import type { CeleryApp } from '../nest/celery.app.js';
import type { Cli } from './cli.js';
import { EXIT } from './exit-code.js';
import type { ASK_FLAGS } from './ask-flags.js';
import type { ValuesOf } from './flag.js';
import { KnownWorkers } from './known-workers.js';

/** Celery's. */
const TIMEOUT_MS = 1_000;

export interface Answers<R = unknown> {
  readonly replies: readonly NodeReply<R>[];
  /** Named workers that did not answer. */
  readonly missing: readonly string[];
  readonly elapsedMs: number;
}

/**
 * Asks workers and returns as soon as all that are known have answered.
 * @throws what `ControlClient.ask` throws
 */
export function askWorkers<R = unknown>(
  app: CeleryApp,
  method: string,
  args: Readonly<Record<string, unknown>>,
  flags: AskFlags,
  cli: Cli,
): Promise<Answers<R>> {
  return collect(app, flags, cli, (asking) => app.control.ask<R>(method, args, asking));
}

export type AskFlags = Partial<ValuesOf<typeof ASK_FLAGS>>;

/** The answers to whatever is asked with these options. */
export async function collect<R>(
  app: CeleryApp,
  flags: AskFlags,
  { env, clock }: Cli,
  ask: (options: AskOptions) => Promise<readonly NodeReply<R>[]>,
): Promise<Answers<R>> {
  const known = new KnownWorkers(app.broker.url, env, clock.now());
  const timeoutMs = flags.timeout ?? TIMEOUT_MS;
  const startMs = clock.monotonicMs();
  const lately = known.read();
  const replies = await ask({
    ...options(flags),
    timeout: `${timeoutMs}ms`,
    ...(lately.length === 0 ? {} : { known: lately }),
  });
  const elapsedMs = Math.round(clock.monotonicMs() - startMs);
  const answered = new Set(replies.map(({ hostname }) => hostname));
  const everybody = flags.destination === undefined && flags.pattern === undefined;
  if (everybody) known.write([...answered]);
  const missing = (flags.destination ?? []).filter((hostname) => !answered.has(hostname));
  return { replies: replies.toSorted((a, b) => (a.hostname < b.hostname ? -1 : 1)), missing, elapsedMs };
}

export function options({ destination, pattern, matcher }: AskFlags): AskOptions {
  return {
    ...(destination === undefined ? {} : { destination }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(matcher === undefined ? {} : { matcher }),
  };
}

/** 69: nobody answered; 1: somebody answered with an error; 3: somebody who was named did not answer. */
export function exitCodeOfAnswers({ replies, missing }: Answers): number {
  if (replies.length === 0) return EXIT.unavailable;
  if (replies.some(({ error }) => error !== undefined)) return EXIT.failed;
  return missing.length > 0 ? EXIT.partial : EXIT.ok;
}

/** The one shape of `--json`. */
export function answersAsJson({ replies, missing, elapsedMs }: Answers): object {
  const nodes = replies.map(({ hostname, value, error }) => {
    return [hostname, error === undefined ? { ok: value ?? null } : { error }] as const;
  });
  return { nodes: Object.fromEntries(nodes), missing, elapsedMs };
}

export function tellNobody({ missing }: Answers, { output }: Cli): void {
  output.error(
    missing.length > 0
      ? `No nodes replied within time constraint: ${missing.join(', ')}.`
      : 'No nodes replied within time constraint. Is a worker running, on this broker, with remote control on?',
  );
}

export function tellMissing({ replies, missing }: Answers, { output }: Cli): void {
  if (replies.length > 0 && missing.length > 0) output.warn(`No answer from ${missing.join(', ')}.`);
}
