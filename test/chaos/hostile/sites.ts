import { CALLED } from './called.js';
import { ESCAPING } from './escaping.js';
import { RETURNING } from './returned.js';
import type { Site } from './site.js';
import { THROWING } from './thrown.js';

/** All places where the fault test has code of the application break. */
export const SITES: readonly Site[] = [...THROWING, ...RETURNING, ...ESCAPING, ...CALLED];
