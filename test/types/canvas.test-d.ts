/**
 * What the compiler accepts and refuses of canvases. Compiled with the tests (`npm run types`), never run: an
 * `@ts-expect-error` without an error is an error.
 */
import type { Canvas, Chain, Chord, Group, Signature } from '../../lib/canvas/canvas.types.js';
import { chain } from '../../lib/canvas/chain.js';
import { chord } from '../../lib/canvas/chord.js';
import { chunks } from '../../lib/canvas/chunks.js';
import type { NeedOf, ResultOf } from '../../lib/canvas/fit.types.js';
import { signature } from '../../lib/canvas/from-dict.js';
import { group } from '../../lib/canvas/group.js';
import { map } from '../../lib/canvas/map.js';
import { stamp } from '../../lib/canvas/stamp.js';
import { starmap } from '../../lib/canvas/starmap.js';
import type { TaskClient } from '../../lib/client/task.client.js';
import { MailTasks, type Receipt } from './mail-tasks.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

declare const client: TaskClient;
declare const urls: string[];
declare function pages(): AsyncGenerator<Signature<[], string, false>>;
const mail = client.of(MailTasks);
const py = client.signature('py.anything');

/** Fails to compile unless the result of the canvas is exactly `R`. */
function gives<R>() {
  return <C extends Canvas>(
    _canvas: C,
    ..._same: Equal<ResultOf<C>, R> extends true ? [] : [got: ResultOf<C>]
  ): void => undefined;
}
/** The same for what it lacks. */
function lacks<N>() {
  return <C extends Canvas>(
    _canvas: C,
    ..._same: Equal<NeedOf<C>, N> extends true ? [] : [got: NeedOf<C>]
  ): void => undefined;
}

export function compiles(): unknown[] {
  gives<number>()(chain(mail.add.s(1, 2), mail.add.s(3), mail.add.s(4)));
  gives<string>()(chain(mail.send.s('a', 's'), mail.format.s()));
  gives<'pong'>()(chain([mail.add.s(1, 2), mail.ping.si(), mail.ping.si()]));
  lacks<[a: number]>()(chain(mail.add.s(1), mail.add.s(2)));
  lacks<[]>()(chain(mail.ping.si(), mail.ping.si()));

  gives<[Receipt, number]>()(group(mail.send.s('a', 's'), mail.add.s(1, 2)));
  gives<[number, 'pong']>()(group([mail.add.s(1), mail.ping.si()]));
  lacks<[a: number]>()(group([mail.add.s(1), mail.ping.si()]));
  lacks<[]>()(group(mail.ping.si()));
  gives<Receipt[]>()(group(urls.map((url) => mail.send.s(url, 's'))));
  gives<string[]>()(group(pages()));
  gives<number[]>()(group(new Set([mail.add.s(1, 2)])));
  gives<[]>()(group());

  gives<string>()(chord(group(mail.send.s('a', 's'), mail.add.s(1, 2)), mail.both.s()));
  gives<string>()(chord([mail.send.s('a', 's'), mail.add.s(1, 2)], mail.both.s()));
  gives<number>()(
    chord(
      urls.map(() => mail.add.s(1, 2)),
      mail.total.s(),
    ),
  );
  gives<number>()(chord(pages(), mail.words.s()));
  gives<'pong'>()(chord(pages(), mail.ping.si()));
  lacks<[a: number]>()(chord([mail.add.s(1), mail.add.s(2)], mail.total.s()));

  // Canvases in canvases.
  gives<string>()(chain(mail.middle.s('x', true), group(mail.last.s(), mail.size.s()), mail.mixed.s()));
  gives<number>()(chain(group(mail.add.s(1, 2)), mail.add.s(3)));
  gives<number>()(
    chain(chain(mail.add.s(1, 2), mail.add.s(3)), chord([mail.add.s(1), mail.add.s(2)], mail.total.s())),
  );
  gives<number>()(
    chord([chain(mail.add.s(1, 2), mail.add.s(3)), mail.add.s(1, 2)], chain(mail.total.s(), mail.add.s(1))),
  );
  gives<[number, number]>()(
    chord([mail.add.s(1, 2), mail.add.s(1, 2)], group(mail.total.s(), mail.total.s())),
  );
  gives<[[Receipt, number], number]>()(
    group(group(mail.send.s('a', 's'), mail.add.s(1, 2)), mail.add.s(1, 2)),
  );

  // Fluent.
  gives<number>()(mail.add.s(1, 2).pipe(mail.add.s(3)).pipe(mail.add.s(4)));
  const both: Chord<[], string, false> = group(mail.send.s('a', 's'), mail.add.s(1, 2)).pipe(mail.both.s());
  const more: Chain<[], number, false> = mail.add.s(1, 2).pipe(mail.add.s(3)).set({ queue: 'math' });
  const told: Signature<[a: number], number, false> = mail.add
    .s(2)
    .set({ countdown: 3 })
    .link(mail.add.s(1), mail.ping.si())
    .linkError(mail.failed.s(), mail.ping.si())
    .stamp({ tenant: 'acme' });
  const whole: Signature<[], number, false> = mail.add.s(2).clone({ args: [1], options: { queue: 'math' } });
  const wholeGroup: Group<[], [number, number], false> = group(mail.add.s(1), mail.add.s(2)).clone({
    args: [1],
  });
  const same: Signature<[a: number], number, false> = mail.add.s(2).clone();
  const stamped: Chain<[], number, boolean> = stamp(chain(mail.add.s(1, 2)), {
    onSignature: () => ({ a: 1 }),
  });

  // Optional and rest parameters.
  chain(mail.middle.s('a', true), mail.send.s('subject'));
  chain(mail.add.s(1, 2), mail.sum.s(3));
  chain(mail.add.s(1, 2), mail.sum.s());
  chain(mail.middle.s('a', true), mail.bound.s(3));
  chain(mail.middle.s('a', true), mail.bound.s());

  // Tasks known by their name alone fit everywhere.
  gives<number>()(chain(py, mail.add.s(1)));
  gives<unknown>()(chain(mail.add.s(1, 2), py));
  gives<string>()(chord([py, mail.add.s(1, 2)], mail.both.s()));
  gives<string>()(chord([py, py], py.pipe(mail.format.s())));
  lacks<[a: number]>()(group(py, mail.add.s(1)));
  py.link(mail.add.s(1), mail.format.s());
  gives<number>()(chain(signature('py.a'), signature<number>('py.b'), mail.add.s(1)));
  chain(signature({ task: 'py.a', args: [], kwargs: {}, options: {} }), mail.add.s(1));

  gives<number[][]>()(
    chunks(
      mail.add,
      [
        [1, 2],
        [3, 4],
      ],
      10,
    ),
  );
  gives<number[]>()(
    starmap(mail.add, [
      [1, 2],
      [3, 4],
    ]),
  );
  gives<string[]>()(map(mail.format, [{ messageId: 'a', at: 1 }]));
  gives<number[]>()(map(mail.bound, urls));
  gives<number[]>()(map(mail.sum, [1, 2]));
  chain(mail.add.s(1, 2), chunks(mail.add, [[1, 2]], 10), mail.lists.s());
  return [both, more, told, whole, wholeGroup, same, stamped];
}

export async function isSent(): Promise<unknown[]> {
  const [receipt, sum]: [Receipt, number] = await (
    await client.applyAsync(group(mail.send.s('a', 's'), mail.add.s(1, 2)))
  ).get();
  const total: number = await (await client.applyAsync(chord(pages(), mail.words.s()), { queue: 'q' })).get();
  const text: string = await (await client.applyAsync(mail.send.s('a', 's').pipe(mail.format.s()))).get();
  const given = await client.applyAsync(chain(mail.add.s(1), mail.add.s(2)), { args: [5] });
  const five: number = await given.get();
  await client.applyAsync(chain(mail.add.s(1, 2), mail.add.s(2)), { link: mail.add.s(3) });
  await client.applyAsync(py, { link: [mail.add.s(3), py, mail.ping.si()] });
  await client.applyAsync('py.anything', { link: mail.add.s(3), linkError: py });
  await client.applyAsync(map(mail.bound, urls));
  await client.applyAsync(signature({ task: 'py.a' }));
  await client.applyAsync(chunks(mail.add, [[1, 2]], 10));
  // @ts-expect-error the first step lacks an argument
  await client.applyAsync(chain(mail.add.s(1), mail.add.s(2)));
  // @ts-expect-error the members lack one
  await client.applyAsync(group(mail.add.s(1), mail.add.s(2)));
  // @ts-expect-error the header lacks one
  await client.applyAsync(chord([mail.add.s(1)], mail.total.s()));
  // @ts-expect-error a wrong one is given
  await client.applyAsync(chain(mail.add.s(1), mail.add.s(2)), { args: ['5'] });
  // @ts-expect-error a callback that does not take the result
  await client.applyAsync(chain(mail.add.s(1, 2), mail.add.s(2)), { link: mail.format.s() });
  // @ts-expect-error wrong result
  const wrong: string = await (await client.applyAsync(chain(mail.add.s(1, 2), mail.add.s(2)))).get();
  return [receipt, sum, total, text, five, wrong];
}

export function isRefused(): void {
  // @ts-expect-error a Receipt is no number
  chain(mail.send.s('a', 'b'), mail.add.s(1));
  // @ts-expect-error the third step
  chain(mail.add.s(1, 2), mail.add.s(3), mail.format.s());
  // @ts-expect-error the same in a list
  chain([mail.add.s(1, 2), mail.format.s()]);
  // @ts-expect-error takes nothing: .si()
  chain(mail.add.s(1, 2), mail.ping.s());
  // @ts-expect-error two arguments are missing
  chain(mail.add.s(1, 2), mail.add.s());
  // @ts-expect-error all arguments are there already
  chain(mail.add.s(1, 2), mail.add.s(3, 4));
  // @ts-expect-error no steps
  chain();
  // @ts-expect-error no canvas
  chain(mail.add.s(1, 2), mail.add);
  // @ts-expect-error wrong tail
  chain(mail.add.s(1, 2), mail.note.s(3));
  // @ts-expect-error a group hands on a list
  chain(group(mail.add.s(1, 2), mail.add.s(3, 4)), mail.add.s(1));
  // @ts-expect-error one member of the group does not take it
  chain(mail.add.s(1, 2), group(mail.add.s(1), mail.format.s()));
  // @ts-expect-error the inner chain's first step does not
  chain(mail.add.s(1, 2), chain(mail.format.s(), mail.note.s('x')));
  // @ts-expect-error members need different arguments
  chain(mail.add.s(1, 2), group(mail.add.s(1), mail.add.s(1, 2)));
  // @ts-expect-error pipe
  mail.send.s('a', 'b').pipe(mail.add.s(1));
  // @ts-expect-error no canvas
  group(mail.add.s(1, 2), 3);
  // @ts-expect-error no canvas in the list
  group(['a']);
  // @ts-expect-error body expects [Receipt, number]
  chord(group(mail.add.s(1, 2), mail.add.s(1, 2)), mail.both.s());
  // @ts-expect-error the list is no number
  chord([mail.add.s(1, 2), mail.add.s(1, 2)], mail.add.s(1));
  // @ts-expect-error body takes nothing: .si()
  chord([mail.add.s(1, 2)], mail.ping.s());
  const receipts = urls.map((url) => mail.send.s(url, 's'));
  // @ts-expect-error list of unknown length
  chord(receipts, mail.total.s());
  // @ts-expect-error a task is no header
  chord(mail.add.s(1, 2), mail.total.s());
  // @ts-expect-error callback does not take it
  mail.add.s(1, 2).link(mail.format.s());
  // @ts-expect-error the second callback
  mail.add.s(1, 2).link(mail.add.s(1), mail.ping.s());
  // @ts-expect-error an errback gets an id
  mail.add.s(1, 2).linkError(mail.add.s(1));
  // @ts-expect-error unknown option
  chain(mail.add.s(1, 2)).set({ quue: 'x' });
  // @ts-expect-error wrong argument
  mail.add.s(2).clone({ args: ['1'] });
  // @ts-expect-error nothing is missing
  mail.add.s(1, 2).clone({ args: [1] });
  // @ts-expect-error needs two arguments
  map(mail.add, [1, 2]);
  // @ts-expect-error wrong item
  map(mail.format, ['x']);
  // @ts-expect-error one argument is missing
  starmap(mail.add, [[1]]);
  // @ts-expect-error wrong argument
  chunks(mail.add, [[1, '2']], 10);
  // @ts-expect-error wrong result
  const wrong: Chain<[], string> = chain(mail.add.s(1, 2), mail.add.s(3));
  void wrong;
}
