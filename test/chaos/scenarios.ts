import type { Scenario } from './scenario.js';
import { gs1 } from './scenarios/gs-1.js';

/** In the order they run. */
export const SCENARIOS: readonly Scenario[] = [gs1];
