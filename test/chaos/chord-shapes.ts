import { chain, chord, group, type TaskClient } from '../../lib/index.js';
import { typedSignature } from '../../lib/canvas/face.js';
import type { SignatureParts } from '../../lib/canvas/signature.js';

type Part = ReturnType<TaskClient['signature']>;
/** A chord as a part of another: what the types say of its arguments is not what is looked at here. */
export const part = (canvas: unknown): Part => canvas as Part;

export interface Shape {
  /** What the chord's error says; undefined: it succeeds. */
  readonly why?: RegExp;
  /** Beside one part that succeeds. @param folder of the run's own */
  readonly odd: (client: TaskClient, id: string, folder: string) => Part;
  /** Instead of a body that takes what the parts gave. */
  readonly body?: (client: TaskClient, id: string) => Part;
  readonly isRevoked?: true;
  /** It dies, and nobody gets the part again. */
  readonly losesWorker?: true;
  /** Of those that take long, fewer at a time. Default 50. */
  readonly most?: number;
}

/** Takes nothing of what came before. */
const alone = (task: string, rest: Omit<SignatureParts, 'immutable'>): Part =>
  part(typedSignature(task, { ...rest, immutable: true }));
export const fine = () => alone('chaos.late', { args: [1] });
const raises = () => alone('hard.raise', {});
export const follows = (client: TaskClient, taskId?: string) =>
  client.signature('hard.follow', taskId === undefined ? {} : { taskId });
const fails = (why: RegExp, odd: Shape['odd'], rest: Partial<Shape> = {}): Shape => ({ why, odd, ...rest });
/** As `hard.raise` says it. */
const RAISED = /as it should/;

/** Whatever can become of a part. The pool's children die with theirs. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  'all succeed': { odd: fine },
  'a part retries': { odd: (client) => client.signature('hard.retry', { args: [2] }) },
  'a part raises': fails(RAISED, raises),
  'a part retries too often': fails(/MaxRetriesExceeded/, (client) =>
    client.signature('hard.retry', { args: [9] }),
  ),
  'a part nobody has': fails(/NotRegistered/, (client) => client.signature('nobody.has.this')),
  'a part expires': fails(/TaskRevokedError.*expired/, (client) =>
    client.signature('chaos.late', { args: [1], expires: '1ms' }),
  ),
  'a part is revoked': fails(
    /TaskRevokedError.*revoked/,
    (client, taskId) => client.signature('chaos.late', { taskId, args: [1], countdown: '2s' }),
    { isRevoked: true },
  ),
  'a part takes too long': fails(/ TimeLimitExceeded/, (client) =>
    client.signature('hard.held', { args: [process.execPath], timeLimit: '1s' }),
  ),
  'a part is asked to end': fails(/AbortError|SoftTimeLimitExceeded/, (client) =>
    client.signature('hard.hold', { args: [process.execPath], softTimeLimit: '1s' }),
  ),
  'a part kills its child': fails(/WorkerLostError/, (client, taskId, folder) =>
    client.signature('hard.once', { taskId, args: ['exit', folder] }),
  ),
  'a part kills each child': fails(
    /begun \d+ times and never ended/,
    (client, taskId) => client.signature('hard.pill', { taskId, args: ['exit', process.execPath] }),
    { most: 4 },
  ),
  'a part is lost with its worker': fails(
    /1 of 2 tasks never ended/,
    (client, taskId, folder) => client.signature('hard.once', { taskId, args: ['kill', folder] }),
    { losesWorker: true, most: 20 },
  ),
  'a chain raises at once': fails(RAISED, (client) => part(chain(raises(), follows(client)))),
  'a chain raises at its end': fails(RAISED, () => part(chain(fine(), raises()))),
  'a group raises': fails(RAISED, () => part(group(fine(), raises()))),
  'a chord in it raises': fails(RAISED, (client) => part(chord([fine(), raises()], follows(client)))),
  'three levels down': fails(RAISED, (client) =>
    part(chain(fine(), part(group(part(chord([fine(), raises()], follows(client))), fine())))),
  ),
  'the body raises': fails(RAISED, fine, {
    body: (_client, taskId) => alone('hard.raise', { options: { taskId } }),
  }),
};
