import type { Scenario } from './scenario.js';
import { alo1 } from './scenarios/alo-1.js';
import { alo4 } from './scenarios/alo-4.js';
import { alo7 } from './scenarios/alo-7.js';
import { alo8 } from './scenarios/alo-8.js';
import { amo3 } from './scenarios/amo-3.js';
import { bt2 } from './scenarios/bt-2.js';
import { chords, delays } from './scenarios/delays.js';
import { alo10, alo11 } from './scenarios/alo-10.js';
import { gs1, gs2 } from './scenarios/gs-1.js';
import { gs4 } from './scenarios/gs-4.js';
import { gs5 } from './scenarios/gs-5.js';
import { gs6 } from './scenarios/gs-6.js';
import { h1 } from './scenarios/h-1.js';
import { input } from './scenarios/input.js';
import { mem1, mem1InMemory } from './scenarios/mem-1.js';
import { mem1Group } from './scenarios/mem-1-group.js';
import { mem2 } from './scenarios/mem-2.js';
import { mem4 } from './scenarios/mem-4.js';
import { mem4Inspect } from './scenarios/mem-4-inspect.js';
import { mem4Rpc } from './scenarios/mem-4-rpc.js';
import { mem5 } from './scenarios/mem-5.js';
import { pp1 } from './scenarios/pp-1.js';
import { pp2 } from './scenarios/pp-2.js';
import { pp4 } from './scenarios/pp-4.js';
import { pp5 } from './scenarios/pp-5.js';
import { pub2 } from './scenarios/pub-2.js';
import { pub4 } from './scenarios/pub-4.js';
import { rc8 } from './scenarios/rc-8.js';
import { pub3, pub3Redis } from './scenarios/pub-3.js';
import { pub5 } from './scenarios/pub-5.js';
import { pub6 } from './scenarios/pub-6.js';
import { rc2 } from './scenarios/rc-2.js';
import { rc4 } from './scenarios/rc-4.js';
import { rc5 } from './scenarios/rc-5.js';
import { rc7 } from './scenarios/rc-7.js';
import { rc9 } from './scenarios/rc-9.js';
import { res1 } from './scenarios/res-1.js';
import { res2 } from './scenarios/res-2.js';
import { res3 } from './scenarios/res-3.js';
import { res4 } from './scenarios/res-4.js';
import { alo5, pub1, rc1 } from './scenarios/restarts.js';
import { alo9, rc3 } from './scenarios/wires.js';

const wires = [alo9, rc2, rc3, rc4, rc5, rc7, rc8, rc9];
const results = [res1, res2, res3, res4];
const memory = [mem1, mem1InMemory, mem1Group, mem2, mem4, mem4Inspect, mem4Rpc, mem5];
const publishing = [pub1, pub2, pub3, pub3Redis, pub4, pub5, pub6];

/** In the order they run. */
export const SCENARIOS: readonly Scenario[] = [
  h1,
  gs1,
  gs2,
  gs4,
  gs5,
  gs6,
  alo1,
  alo4,
  alo5,
  alo7,
  alo8,
  alo10,
  alo11,
  amo3,
  ...publishing,
  rc1,
  ...wires,
  ...results,
  ...memory,
  pp1,
  pp2,
  pp4,
  pp5,
  bt2,
  ...delays,
  ...chords,
  ...input,
];
