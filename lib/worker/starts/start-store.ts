/** How often tasks that came back to their queue were begun since, for all workers that may be given them. */
export interface StartStore {
  /** @throws when the store cannot be reached */
  startsOf(taskId: string): Promise<number>;
  /**
   * One more; the number with it. Forgotten a day after the last.
   * @throws as `startsOf`
   */
  begun(taskId: string): Promise<number>;
  /** It has ended, or starts anew. @throws as `startsOf` */
  forget(taskId: string): Promise<void>;
}

export const KEPT_MS = 86_400_000;
