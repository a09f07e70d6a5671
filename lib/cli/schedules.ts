import type { ScheduleClient } from '../beat/schedule.client.js';
import type { CeleryApp } from '../nest/celery.app.js';
import type { Cli } from './cli.js';
import { withApp } from './connection.js';
import { storeOption } from './given-options.js';

/** Opens the periodic tasks of the app, with those of its code where it is there. */
export function withSchedules<T>(
  schedule: string | undefined,
  cli: Cli,
  work: (schedules: ScheduleClient, app: CeleryApp) => Promise<T>,
): Promise<T> {
  return withApp(cli, { broker: false, options: storeOption(schedule) }, ({ app }) =>
    work(app.beat.schedules, app),
  );
}
