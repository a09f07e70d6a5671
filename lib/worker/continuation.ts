import { randomUUID } from 'node:crypto';
import type { CallOptions } from '../canvas/call.options.js';
import type { SignatureDict } from '../message/signature.js';
import type { PlannedResult } from '../canvas/workflow.js';
import type { Sender } from '../producer/sender.js';
import { failpoint } from '../runtime/failpoint.js';
import type { Request } from './request.js';

/** Sends what follows a task. Whatever it sends is listed among the task's children. */
export class Continuation {
  constructor(private readonly sender: Sender) {}

  /**
   * `link` callbacks, then the next step of the chain: both get the result in front of their arguments.
   * @returns undefined where nothing follows, as after most tasks
   */
  afterSuccess(request: Request, value: unknown): Promise<void> | undefined {
    const { callbacks, chain } = request.message.embed;
    return callbacks.length === 0 && chain.length === 0 ? undefined : this.#follow(request, value);
  }

  async #follow(request: Request, value: unknown): Promise<void> {
    const { callbacks, chain } = request.message.embed;
    await this.#callbacks(request, callbacks, [value]);
    const next = chain.at(-1);
    // Celery keeps the chain reversed.
    if (next !== undefined)
      request.addChild(await this.#send(request, next, [value], { chain: chain.slice(0, -1) }));
    const struck = failpoint('linksSent');
    if (struck !== undefined) await struck;
  }

  /** Celery's order: one goes alone; of several, groups go first, each alone, and the others together as a new group. */
  async #callbacks(
    request: Request,
    callbacks: readonly SignatureDict[],
    partial: readonly unknown[],
  ): Promise<void> {
    const [first] = callbacks;
    if (first === undefined) return;
    if (callbacks.length === 1)
      return request.addChild(await this.#send(request, first, partial, NO_OPTIONS));
    const groups = callbacks.filter((each) => each.subtask_type === 'group');
    const others = callbacks.filter((each) => each.subtask_type !== 'group');
    for (const group of groups) request.addChild(await this.#send(request, group, partial, NO_OPTIONS));
    if (others.length > 0) await this.#group(request, others, partial);
  }

  async #group(
    request: Request,
    members: readonly SignatureDict[],
    partial: readonly unknown[],
  ): Promise<void> {
    const groupId = randomUUID();
    const sent = await Promise.all(
      members.map((member, groupIndex) => this.#send(request, member, partial, { groupId, groupIndex })),
    );
    request.addGroup(groupId, sent);
  }

  #send(
    request: Request,
    dict: SignatureDict,
    partial: readonly unknown[],
    given: CallOptions,
  ): Promise<PlannedResult> {
    return this.sender.sendDict(dict, partial, given, request.asParent);
  }
}

const NO_OPTIONS: CallOptions = Object.freeze({});
