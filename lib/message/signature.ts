/**
 * Celery's signature dictionary: a call as data, as it travels in `callbacks`, `errbacks`, `chain` and `chord`.
 * What Python sent is kept, unknown options included.
 */
export interface SignatureDict {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Celery's own snake_case option names: `task_id`, `queue`, `countdown`, `link` … */
  readonly options: Readonly<Record<string, unknown>>;
  /** Null: one call. What is unknown is kept, and refused when it is to be sent. */
  readonly subtask_type: 'chain' | 'group' | 'chord' | 'chunks' | 'xmap' | 'xstarmap' | (string & {}) | null;
  /** True: takes no result from the task before it. */
  readonly immutable: boolean;
}
