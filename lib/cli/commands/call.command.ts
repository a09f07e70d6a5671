import type { NamedCallOptions } from '../../client/task.client.js';
import { InvalidOptionError } from '../../errors.js';
import type { HookEvents } from '../../hooks/hook.events.js';
import { parseCeleryDate } from '../../message/celery-date.js';
import type { CeleryApp } from '../../nest/celery.app.js';
import type { AsyncResult } from '../../result/async-result.js';
import { sleep } from '../../runtime/clock.js';
import { durationMs, type Duration } from '../../runtime/duration.js';
import { nearest } from '../../runtime/nearest.js';
import type { Cli } from '../cli.js';
import { withApp } from '../connection.js';
import { EXIT } from '../exit-code.js';
import { tellOutcome } from '../outcome.js';
import { tasksOfWorkers } from '../tasks-of-workers.js';
import { whyUnconsumed } from '../unconsumed.js';
import type { GivenTo } from '../usage.js';
import type { callUsage } from './call.usage.js';

type Call = GivenTo<typeof callUsage>;

/** How long `--wait` waits unless told. */
const WAIT_MS = 10_000;
/** Most tasks have ended by then. Where this one has not, it is looked whether anybody takes it. */
const LOOK_AFTER_MS = 1_000;

export async function run({ flags, args: { task } }: Call, cli: Cli): Promise<number> {
  const { output, terminal } = cli;
  const options = callOptions(flags);
  return withApp(cli, { backend: flags.wait }, async ({ app, place }) => {
    const known = place === undefined ? undefined : new Set(app.tasks.all().map(({ name }) => name));
    if (flags.strict || known !== undefined) {
      const problem = problemOf(task, known ?? (await tasksOfWorkers(app, {}, cli)), known !== undefined);
      if (problem !== undefined && flags.strict) throw new InvalidOptionError('<task>', problem);
      if (problem !== undefined) output.warn(`${problem} It is sent all the same; --strict refuses.`);
    }
    const queue = queueSentTo(app);
    const sent = await app.client.applyAsync(task, options);
    if (flags.wait) return waitFor(sent, flags.timeout ?? WAIT_MS, queue, app, cli);
    output.answer({ id: sent.id }, () => sent.id);
    // After its id is out, and for people only: scripts need not wait for the answers of workers.
    if (known === undefined && !flags.strict && terminal.isScreen) {
      const registered = await tasksOfWorkers(app, {}, cli);
      const problem = registered.size === 0 ? undefined : problemOf(task, registered, false);
      if (problem !== undefined) output.warn(problem);
    }
    return EXIT.ok;
  });
}

/** Gives the queue that was sent to; undefined where an exchange decides. */
function queueSentTo(app: CeleryApp): () => string | undefined {
  let queue: string | undefined;
  const listener = ({ exchange, routingKey }: HookEvents['after-task-publish']): void => {
    queue = exchange === '' ? routingKey : undefined;
  };
  app.addHook({ on: 'after-task-publish', task: undefined, source: 'call --wait', listener });
  return () => queue;
}

async function waitFor(
  sent: AsyncResult<unknown>,
  timeoutMs: number,
  queueOf: () => string | undefined,
  app: CeleryApp,
  cli: Cli,
): Promise<number> {
  const ended = new AbortController();
  const hint = async (): Promise<void> => {
    await sleep(cli.clock, LOOK_AFTER_MS, ended.signal);
    const queue = queueOf();
    if (queue === undefined || ended.signal.aborted) return;
    const reason = await whyUnconsumed(app, queue, cli);
    if (reason !== undefined && !ended.signal.aborted) cli.output.warn(reason);
  };
  // Only a hint: whatever keeps it from being given shows in the wait itself.
  void hint().catch(() => undefined);
  try {
    return await tellOutcome(sent, { timeoutMs, what: 'result' }, cli);
  } finally {
    ended.abort();
  }
}

function callOptions(flags: Call['flags']): NamedCallOptions {
  const { args, kwargs, countdown, eta, expires, queue, exchange, routingKey } = flags;
  const { serializer, priority, taskId } = flags;
  return defined({
    args,
    kwargs,
    countdown: countdown === undefined ? undefined : msDuration(countdown),
    eta,
    expires: expires === undefined ? undefined : readExpires(expires),
    queue,
    exchange,
    routingKey,
    serializer,
    priority,
    taskId,
  });
}

/** Seconds, a number with its unit, or an instant. */
function readExpires(written: string): Duration | Date {
  const instant = parseCeleryDate(written);
  if (instant !== undefined) return new Date(instant);
  return msDuration(durationMs(/^\d+(\.\d+)?$/.test(written) ? Number(written) : written, '--expires'));
}

const msDuration = (ms: number): Duration => `${ms}ms`;

/** Undefined: the name is known. An application may send tasks of others, so a strange one is no mistake for sure. */
function problemOf(task: string, known: ReadonlySet<string>, ofApplication: boolean): string | undefined {
  if (known.has(task)) return undefined;
  const meant = nearest(task, known);
  const hint = meant === undefined ? '' : ` Did you mean ${JSON.stringify(meant)}?`;
  const who = ofApplication ? 'the application has no' : 'no worker that answers has a';
  return `${who} task ${JSON.stringify(task)}.${hint}`;
}

function defined(options: {
  [K in keyof NamedCallOptions]: NamedCallOptions[K] | undefined;
}): NamedCallOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
