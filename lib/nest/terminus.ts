import type { ModuleRef } from '@nestjs/core';

/** The outcome of a health check in the shape of `@nestjs/terminus`: `{ broker: { status: 'up' } }`. */
export type HealthResult<K extends string = string> = Readonly<
  Record<K, { readonly status: 'up' | 'down' } & Readonly<Record<string, unknown>>>
>;

/**
 * Marks a check as up or down by the application's own `HealthIndicatorService` where it imports `TerminusModule` (11 or
 * newer), else in the same shape.
 */
export async function healthResult<K extends string>(
  moduleRef: ModuleRef,
  key: K,
  isUp: boolean,
  data: Readonly<Record<string, unknown>>,
): Promise<HealthResult<K>> {
  const service = await healthIndicatorService(moduleRef);
  if (service === undefined) {
    return { [key]: { ...data, status: isUp ? 'up' : 'down' } } as HealthResult<K>;
  }
  const session = service.check(key);
  return isUp ? session.up(data) : session.down(data);
}

/** Undefined: the application has none. */
async function healthIndicatorService(moduleRef: ModuleRef) {
  try {
    const { HealthIndicatorService } = await import('@nestjs/terminus');
    return moduleRef.get(HealthIndicatorService, { strict: false });
  } catch {
    return undefined;
  }
}
