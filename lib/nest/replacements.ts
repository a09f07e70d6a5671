import type { Surroundings } from './celery.app.js';
import type { CeleryOptions } from './celery.options.js';

/** Token of what a test puts in the place of an app's options and surroundings; nobody else provides it. */
export const REPLACEMENTS = Symbol.for('nestjs-celery:replacements');

export interface Replacements {
  readonly options: CeleryOptions;
  readonly surroundings: Omit<Surroundings, 'log'>;
}
