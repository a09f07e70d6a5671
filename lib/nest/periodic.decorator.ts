import 'reflect-metadata';
import type { PeriodicOptions, ScheduleInput } from '../beat/entry.options.js';

const PERIODIC_METADATA = Symbol.for('nestjs-celery:periodic');

/** `@Periodic()`: how the task runs, beside when. */
export interface PeriodicTaskOptions extends PeriodicOptions {
  /** Name of the entry. Default: the task's name, with `#2` and so on for a further schedule of the same task. */
  name?: string;
}

export interface DeclaredPeriodic {
  readonly schedule: ScheduleInput;
  readonly options: PeriodicTaskOptions;
}

/**
 * Runs a `@Task()` method on a schedule, once a beat runs for the app (`beat: true`, `nest-celery beat`). May stand several
 * times on a method. Only writes metadata; a schedule that cannot be read is told of when beat starts.
 * @param schedule seconds, a duration (`'30s'`), a cron string (`'0 3 * * *'`), `every()`, `crontab()`, `solar()`, `clocked()`
 * @example @Task() @Periodic('0 3 * * *', { tz: 'Europe/Berlin', args: [1] }) nightly(run: number) { … }
 */
export function Periodic(schedule: ScheduleInput, options: PeriodicTaskOptions = {}): MethodDecorator {
  return (_target, _key, descriptor) => {
    const method: unknown = descriptor.value;
    if (typeof method !== 'function') throw new TypeError('@Periodic() stands on methods only');
    // Decorators run from below; the uppermost comes first.
    Reflect.defineMetadata(PERIODIC_METADATA, [{ schedule, options }, ...periodicsOn(method)], method);
  };
}

/** In the order they stand above the method. */
export function periodicsOn(method: object): readonly DeclaredPeriodic[] {
  return (Reflect.getMetadata(PERIODIC_METADATA, method) as readonly DeclaredPeriodic[] | undefined) ?? [];
}
