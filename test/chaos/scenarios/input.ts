import { fz1, fz2 } from './fz-1.js';
import { fz3 } from './fz-3.js';
import { fz4 } from './fz-4.js';
import { fz6 } from './fz-6.js';
import { sec1, sec2, sec3, sec4 } from './sec-1.js';

/** Whatever comes from outside. */
export const input = [fz1, fz2, fz3, fz4, fz6, sec1, sec2, sec3, sec4];
