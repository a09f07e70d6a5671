import type { AnySignature, CallOptions } from './call.options.js';

/**
 * A canvas made ready to be sent: every task and group has its id, options of canvases have come down to the tasks they
 * are meant for, and only these shapes are left. `frozen.ts` makes it, `plan.ts` sends it.
 */
export type Workflow = TaskNode | ChainNode | GroupNode | ChordNode;

export interface TaskNode {
  readonly kind: 'task';
  /** Its options hold the id. */
  readonly call: AnySignature;
}

/** Two steps or more. None is a chain; a group stands last or not at all; a chord has nothing after it. */
export interface ChainNode {
  readonly kind: 'chain';
  readonly steps: readonly Workflow[];
}

/** None of its members is a group. */
export interface GroupNode {
  readonly kind: 'group';
  readonly id: string;
  readonly members: readonly Workflow[];
}

/** None of its header's members is a group. */
export interface ChordNode {
  readonly kind: 'chord';
  /** Of the header's group. */
  readonly id: string;
  readonly header: readonly Workflow[];
  readonly body: Workflow;
}

/** What a task is part of. */
export interface Membership {
  readonly groupId: string;
  /** Body of the chord that counts the part. */
  readonly chord: CallOptions['chord'];
}

/** What was promised for a workflow: Celery's result with its parents. */
export interface PlannedResult {
  readonly id: string;
  readonly parent: PlannedResult | undefined;
  /** Members of a group; undefined for a task. */
  readonly members: readonly PlannedResult[] | undefined;
}

/** The result that stands for a workflow: of a chain its last step's, of a chord its body's. */
export function resultOf(workflow: Workflow, parent?: PlannedResult): PlannedResult {
  switch (workflow.kind) {
    case 'task':
      return { id: idOf(workflow), parent, members: undefined };
    case 'chain': {
      let last = parent;
      for (const step of workflow.steps) last = resultOf(step, last);
      if (last === undefined) throw new Error('a chain without steps');
      return last;
    }
    case 'group':
      return { id: workflow.id, parent, members: workflow.members.map((each) => resultOf(each)) };
    case 'chord': {
      const members = workflow.header.map((each) => resultOf(each));
      return resultOf(workflow.body, { id: workflow.id, parent, members });
    }
  }
}

/** The tasks that end a workflow: a chord counts each as one part. */
export function endIdsOf(workflow: Workflow): readonly string[] {
  switch (workflow.kind) {
    case 'task':
      return [idOf(workflow)];
    case 'chain':
      return workflow.steps.slice(-1).flatMap(endIdsOf);
    case 'group':
      return workflow.members.flatMap(endIdsOf);
    case 'chord':
      return endIdsOf(workflow.body);
  }
}

export function idOf({ call }: TaskNode): string {
  const { taskId } = call.options;
  if (taskId === undefined) throw new Error(`${call.task} has no id yet`);
  return taskId;
}
