import type { ApplyAsyncOptions } from '../canvas/call.options.js';
import type { Duration } from '../runtime/duration.js';
import type { Schedule } from './schedule.js';

/** A schedule as users write it: a number is seconds between runs, as in Celery; text is a duration (`'30s'`) or a cron string. */
export type ScheduleInput = Schedule | number | string;

/** What becomes of ticks that no beat could send at their time: none, the last, or all of them is sent afterwards. */
export type CatchUp = 'none' | 'last' | 'all';
/** `skip`: no run while the one before is not over. */
export type Overlap = 'allow' | 'skip';

/** How a periodic task runs, beside when. All optional. */
export interface PeriodicOptions {
  args?: readonly unknown[];
  kwargs?: Readonly<Record<string, unknown>>;
  queue?: string;
  /** A run that no worker began by then is dropped: from its sending (a duration) or an instant. */
  expires?: Duration | Date;
  priority?: number;
  headers?: Readonly<Record<string, unknown>>;
  /** Further calling options, as in Celery's map. Those above win. Every run has an id and a time of its own: no `taskId`, no `eta`. */
  options?: Omit<ApplyAsyncOptions, 'taskId' | 'eta'>;
  /** IANA time zone that the schedule is read in. Default: the app's `timezone`. */
  tz?: string;
  /** Intervals: end at round times of their unit, as in Celery. Default false. */
  relative?: boolean;
  /** Each run is sent up to this much later, by an amount that is the same in every beat. Default 0. */
  jitter?: Duration;
  /** No run before it; an interval is counted from it. A Date, or ISO text with its offset. */
  startAt?: Date | string;
  /** No run after it. */
  endAt?: Date | string;
  /** Default `allow`. `skip` needs a result backend that shows whether the run before is over. */
  overlap?: Overlap;
  /** Default `last`, as in Celery. */
  catchUp?: CatchUp;
  /** A tick that could not be sent within this time is given up. Default: 30 s with `catchUp: 'none'`, else never. */
  startingDeadline?: Duration;
  /** Default true. `ScheduleClient.enable` has the last word. */
  enabled?: boolean;
}

/** A periodic task: one entry of `beatSchedule`, in Celery's form. */
export interface EntryOptions extends PeriodicOptions {
  /** The task's name. */
  task: string;
  schedule: ScheduleInput;
}
