import { ch2, ch5 } from './ch-2.js';
import { ch6 } from './ch-6.js';
import { eta1 } from './eta-1.js';
import { eta4 } from './eta-4.js';

/** Tasks that are due later. */
export const delays = [eta1, eta4];

export const chords = [ch2, ch5, ch6];
