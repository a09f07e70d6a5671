import { toRemoteError, tracebackOf } from '../message/remote-error.js';
import { saferepr } from '../message/saferepr.js';
import type { TaskMessage } from '../message/task-message.js';
import type { Log } from '../runtime/logger.js';
import { unreachable } from '../runtime/unreachable.js';
import type { Outcome } from './outcome.js';
import { printable } from './printable.js';
import { labelOf, type Request } from './request.js';
import type { WorkerConfig } from './worker.options.js';

/** One line in, one line out, in Celery's words. Whatever comes from outside is escaped and cut. */
export class TaskLog {
  constructor(
    private readonly log: Log,
    private readonly config: Pick<WorkerConfig, 'logArguments' | 'logResults'>,
  ) {}

  received(request: Request): void {
    this.log.log(`Task ${request.label} received${this.#arguments(request.message)}`);
  }

  deferred(message: TaskMessage, dueMs: number): void {
    this.log.log(`Task ${labelOf(message)} received, due at ${instant(dueMs)}: waits in the broker`);
  }

  parked(message: TaskMessage, dueMs: number): void {
    this.log.debug(
      `Task ${labelOf(message)} is over its limit: waits in the broker until ${instant(dueMs)} at most`,
    );
  }

  ended(request: Request, outcome: Outcome): void {
    const task = `Task ${request.label}`;
    switch (outcome.kind) {
      case 'succeeded': {
        const value = this.config.logResults ? `: ${printable(saferepr(outcome.value))}` : '';
        return this.log.log(`${task} succeeded in ${(outcome.runtimeMs / 1000).toFixed(3)}s${value}`);
      }
      case 'failed':
        return this.#failed(request, outcome);
      case 'retrying':
        return this.log.log(`${task} retry: ${printable(retryText(outcome))}`);
      case 'ignored':
        return this.log.log(`${task} ignored`);
      case 'replaced':
        return this.log.log(`${task} replaced by a ${outcome.canvas.kind}`);
      case 'rejected':
        return this.log.log(`${task} rejected: ${printable(outcome.reason)}`);
      case 'revoked':
        return this.log.log(`Discarding revoked task: ${request.label} (${outcome.reason})`);
      case 'workerLost':
        return this.log.error(`${task} lost its process: ${printable(errorText(outcome.error))}`);
      case 'interrupted':
        return this.log.warn(`${task} did not end before the shutdown: given back to its queue`);
      case 'abandoned':
        return this.log.warn(
          `${task} abandoned: its message was lost, and another worker has it or will have it`,
        );
      default:
        return unreachable(outcome);
    }
  }

  /** An effect of the run could not be had. */
  trouble(request: Request, what: string, error: unknown): void {
    this.log.error(`Task ${request.label} ${what}: ${printable(errorText(error))}`, tracebackOf(error));
  }

  warning(request: Request, what: string): void {
    this.log.warn(`Task ${request.label} ${what}`);
  }

  #failed(
    { label, definition }: Request,
    { error, expected = false }: Extract<Outcome, { kind: 'failed' }>,
  ): void {
    const text = printable(errorText(error));
    if (expected || definition.config.throws.some((each) => error instanceof each))
      this.log.log(`Task ${label} raised expected: ${text}`);
    else this.log.error(`Task ${label} raised unexpected: ${text}`, tracebackOf(error));
  }

  #arguments({ args, kwargs, argsrepr, kwargsrepr }: TaskMessage): string {
    switch (this.config.logArguments) {
      case 'omit':
        return '';
      case 'show':
        return `: args ${printable(argsrepr)}, kwargs ${printable(kwargsrepr)}`;
      case 'mask': {
        const names = Object.keys(kwargs)
          .slice(0, MOST_NAMES)
          .map((name) => `${printable(name, 64)}: ***`);
        return `: ${args.length} args, kwargs {${names.join(', ')}}`;
      }
      default:
        return unreachable(this.config.logArguments);
    }
  }
}

const MOST_NAMES = 20;

/** `Retry in 10s: ValueError('busy')`, as Celery says it. */
export function retryText({ request, waitMs, error }: Extract<Outcome, { kind: 'retrying' }>): string {
  const when = request.etaMs === undefined ? `in ${waitMs / 1000}s` : `at ${instant(request.etaMs)}`;
  return error === undefined ? `Retry ${when}` : `Retry ${when}: ${errorText(error)}`;
}

/** Python's repr of the error: `ValueError('boom')`. */
export function errorText(error: unknown): string {
  const { exc_type, exc_message } = toRemoteError(error);
  return `${exc_type}(${exc_message.map((each) => saferepr(each)).join(', ')})`;
}

function instant(epochMs: number): string {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? 'an invalid date' : date.toISOString();
}
