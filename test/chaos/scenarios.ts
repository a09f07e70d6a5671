import type { Scenario } from './scenario.js';
import { alo1 } from './scenarios/alo-1.js';
import { gs1 } from './scenarios/gs-1.js';

/** In the order they run. */
export const SCENARIOS: readonly Scenario[] = [gs1, alo1];
