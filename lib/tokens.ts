/** Name of the app that needs none. */
export const DEFAULT_APP = 'default';

/** Token of the `TaskClient` of a named app. The default app's is the class `TaskClient` too. */
export function getTaskClientToken(name: string = DEFAULT_APP): string {
  return `nestjs-celery:client:${name}`;
}

/** Token of the `ScheduleClient` of a named app. The default app's is the class `ScheduleClient` too. */
export function getScheduleClientToken(name: string = DEFAULT_APP): string {
  return `nestjs-celery:schedules:${name}`;
}

/** Token of the `ControlClient` of a named app. The default app's is the class `ControlClient` too. */
export function getControlClientToken(name: string = DEFAULT_APP): string {
  return `nestjs-celery:control:${name}`;
}

/** Token of everything that belongs to a named app: its connections, its tasks, its worker. */
export function getCeleryToken(name: string = DEFAULT_APP): string {
  return `nestjs-celery:app:${name}`;
}

/** Token of the options a named app was given. */
export function getCeleryOptionsToken(name: string = DEFAULT_APP): string {
  return `nestjs-celery:options:${name}`;
}
