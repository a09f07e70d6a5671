import type { Batch, BatchResults } from '../../lib/context/batch.js';
import type { TaskContext } from '../../lib/context/task.context.js';

export interface Receipt {
  messageId: string;
  at: number;
}

/** The shapes a task method can have. */
export declare class MailTasks {
  from: string;
  send(to: string, subject: string, retries?: number): Promise<Receipt>;
  bound(task: TaskContext, to: string, n?: number): number;
  middle(to: string, task: TaskContext, flag: boolean): string;
  last(to: string, task: TaskContext): string;
  onlyContext(task: TaskContext): void;
  add(a: number, b: number): number;
  sum(...n: number[]): number;
  boundSum(task: TaskContext, ...n: number[]): number;
  format(receipt: Receipt): string;
  note(result: string, text: string): void;
  both(results: [Receipt, number]): string;
  mixed(results: [string, number]): string;
  size(text: string): number;
  total(numbers: number[]): number;
  words(pages: string[]): number;
  lists(lists: number[][]): number;
  failed(id: string): void;
  ping(): 'pong';
  stream(): { subscribe(observer: { next(value: number): void }): unknown };
  indexed(batch: Batch<[doc: string, boost?: number]>): Promise<BatchResults<Receipt>>;
  noted(task: TaskContext, batch: Batch<[text: string]>): Promise<void>;
  private secret(): void;
  protected hidden(): void;
}
