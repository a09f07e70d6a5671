/**
 * What the compiler accepts and refuses of typed handles. Compiled with the tests (`npm run types`), never run: an
 * `@ts-expect-error` without an error is an error.
 */
import type { Signature } from '../../lib/canvas/canvas.types.js';
import type { TaskClient } from '../../lib/client/task.client.js';
import type { ArgsOf, ReturnOf } from '../../lib/client/task.types.js';
import type { TaskContext } from '../../lib/context/task.context.js';
import type { MailTasks as MailTasksType, Receipt } from './mail-tasks.js';
import { MailTasks } from './mail-tasks.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type All<_Checks extends readonly true[]> = true;

export type Arguments = All<
  [
    Equal<ArgsOf<MailTasks['send']>, [to: string, subject: string, retries?: number | undefined]>,
    Equal<ArgsOf<MailTasks['bound']>, [to: string, n?: number | undefined]>,
    Equal<ArgsOf<MailTasks['middle']>, [to: string, flag: boolean]>,
    Equal<ArgsOf<MailTasks['last']>, [to: string]>,
    Equal<ArgsOf<MailTasks['onlyContext']>, []>,
    Equal<ArgsOf<MailTasks['sum']>, number[]>,
    Equal<ArgsOf<MailTasks['boundSum']>, number[]>,
    Equal<ArgsOf<MailTasks['indexed']>, [doc: string, boost?: number]>,
    Equal<ArgsOf<MailTasks['noted']>, [text: string]>,
    Equal<ArgsOf<MailTasks['total']>, [numbers: number[]]>,
    Equal<ArgsOf<(never: never[]) => void>, [never: never[]]>,
    Equal<ArgsOf<(anything: unknown, more: string) => void>, [anything: unknown, more: string]>,
  ]
>;

export type Results = All<
  [
    Equal<ReturnOf<MailTasks['send']>, Receipt>,
    Equal<ReturnOf<MailTasks['bound']>, number>,
    Equal<ReturnOf<MailTasks['stream']>, number>,
    Equal<ReturnOf<MailTasks['ping']>, 'pong'>,
    Equal<ReturnOf<MailTasks['onlyContext']>, void>,
    Equal<ReturnOf<MailTasks['indexed']>, Receipt>,
    Equal<ReturnOf<MailTasks['noted']>, void>,
  ]
>;

declare const client: TaskClient;
declare const context: TaskContext;
const mail = client.of(MailTasks);
const byPrefix = client.of<MailTasksType>('mail');

export async function compiles(): Promise<unknown[]> {
  const receipt: Receipt = await (await mail.send.delay('a', 's')).get();
  const same: Receipt = await (await byPrefix.send.delay('a', 's', 1)).get();
  await mail.bound.delay('to', 1);
  await mail.bound.applyAsync(['to'], { countdown: '10s', queue: 'urgent' });
  await mail.sum.delay(1, 2, 3);
  await mail.ping.delay();
  const indexed: Receipt = await (await mail.indexed.delay('doc', 2)).get();

  const missing: Signature<[a: number], number, false> = mail.add.s(2);
  const full: Signature<[], number, false> = mail.add.s(1, 2);
  const none: Signature<[a: number, b: number], number, false> = mail.add.s();
  const immutable: Signature<[], 'pong', true> = mail.ping.si();

  await client.applyAsync(full, { queue: 'math' });
  await client.applyAsync(missing, { args: [1] });
  const untyped = client.signature<number>('py.add', { args: [1, 2] });
  const n: number = await (await client.applyAsync(untyped)).get();
  const named: unknown = await (await client.applyAsync('py.close', { kwargs: { month: 9 } })).get();

  await mail.send.applyAsync(['a', 's'], { link: mail.format.s() });
  await mail.send.applyAsync(['a', 's'], { link: [mail.format.s(), mail.ping.si(), untyped] });
  await mail.middle.applyAsync(['a', true], { link: mail.note.s('sent'), linkError: mail.failed.s() });
  await mail.add.applyAsync([1, 2], { link: mail.add.s(3) });
  return [indexed, receipt, same, none, immutable, n, named];
}

export async function isRefused(): Promise<void> {
  // @ts-expect-error not a method
  await mail.from.delay();
  // @ts-expect-error unknown
  await mail.sned.delay('a', 's');
  // @ts-expect-error private
  await mail.secret.delay();
  // @ts-expect-error protected
  await mail.hidden.delay();
  // @ts-expect-error wrong type
  await mail.send.delay(1, 's');
  // @ts-expect-error missing argument
  await mail.send.delay('a');
  // @ts-expect-error missing argument, by prefix
  await byPrefix.send.delay('a');
  // @ts-expect-error too many
  await mail.add.delay(1, 2, 3);
  // @ts-expect-error wrong type in the list
  await mail.send.applyAsync(['a', 2]);
  // @ts-expect-error missing in the list
  await mail.send.applyAsync(['a']);
  // @ts-expect-error the context is not for callers
  await mail.bound.delay(context, 'to');
  // @ts-expect-error nor in the middle
  await mail.middle.delay('to', context, true);
  // @ts-expect-error callers of a batch task give the arguments of one call
  await mail.indexed.delay(['doc']);
  // @ts-expect-error wrong partial
  mail.add.s('x');
  // @ts-expect-error immutable signatures are complete
  mail.add.si(1);
  // @ts-expect-error one argument is missing
  await client.applyAsync(mail.add.s(2));
  // @ts-expect-error the missing argument is a number
  await client.applyAsync(mail.add.s(2), { args: ['1'] });
  // @ts-expect-error unknown option
  await mail.send.applyAsync(['a', 's'], { quue: 'x' });
  // @ts-expect-error a duration has a unit
  await mail.send.applyAsync(['a', 's'], { countdown: '10' });
  // @ts-expect-error a Receipt is no number
  await mail.send.applyAsync(['a', 's'], { link: mail.add.s(1) });
  // @ts-expect-error ping takes nothing from the task before it: .si()
  await mail.send.applyAsync(['a', 's'], { link: mail.ping.s() });
  // @ts-expect-error two arguments are missing
  await mail.add.applyAsync([1, 2], { link: mail.add.s() });
  // @ts-expect-error an errback gets the id of the failed task
  await mail.send.applyAsync(['a', 's'], { linkError: mail.add.s(1) });
  // @ts-expect-error wrong result
  const wrong: number = await (await mail.send.delay('a', 's')).get();
  void wrong;
}
