import { ch2, ch5 } from './ch-2.js';
import { ch3 } from './ch-3.js';
import { ch4 } from './ch-4.js';
import { ch6 } from './ch-6.js';
import { eta1 } from './eta-1.js';
import { eta3 } from './eta-3.js';
import { eta4 } from './eta-4.js';
import { eta5 } from './eta-5.js';

/** Tasks that are due later. */
export const delays = [eta1, eta3, eta4, eta5];

export const chords = [ch2, ch3, ch4, ch5, ch6];
