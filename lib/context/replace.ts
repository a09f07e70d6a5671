import type { AnyCanvas } from '../canvas/canvas.js';
import { TaskSignal } from '../task/task.signals.js';

/** Another canvas takes the task's place: its id, its callbacks and what would have come after it. Thrown by `task.replace()`. */
export class Replace extends TaskSignal {
  readonly code = 'REPLACE';

  constructor(readonly canvas: AnyCanvas) {
    super('Task asked to be replaced');
  }
}
