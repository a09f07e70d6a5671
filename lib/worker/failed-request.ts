/** The task that failed, as error callbacks of the newer style get it: Celery's `request`, as data. */
export interface FailedRequest {
  readonly id: string;
  /** Undefined: the body of a chord, which never was sent. */
  readonly task: string | undefined;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly retries: number;
  readonly rootId: string;
  readonly parentId: string | undefined;
  readonly groupId: string | undefined;
}
