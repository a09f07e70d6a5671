import type { Workload } from './measure.js';
import type { Stage } from './stage.js';
import { computing } from './workloads/computing.js';
import { depth } from './workloads/depth.js';
import { dueLater } from './workloads/due-later.js';
import { embedded } from './workloads/embedded.js';
import { extras } from './workloads/extras.js';
import { flows } from './workloads/flows.js';
import { latency } from './workloads/latency.js';
import { processing } from './workloads/process.js';
import { publishing } from './workloads/publish.js';
import { standing } from './workloads/standing.js';

/** Everything that is measured, in its order. */
export function workloadsOn(stage: Stage, size: number): readonly Workload[] {
  return [
    ...publishing(stage, size),
    ...processing(stage, size),
    ...latency(stage, size),
    ...flows(stage, size),
    ...computing(stage, size),
    ...extras(stage, size),
    ...standing(stage),
    ...dueLater(stage, size),
    ...embedded(stage, size),
    ...depth(stage, size),
  ];
}
