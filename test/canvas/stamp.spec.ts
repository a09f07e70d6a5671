import { describe, expect, it } from 'vitest';
import type { AnyCanvas, Members } from '../../lib/canvas/canvas.js';
import { chain } from '../../lib/canvas/chain.js';
import { chord } from '../../lib/canvas/chord.js';
import { signature } from '../../lib/canvas/from-dict.js';
import { group } from '../../lib/canvas/group.js';
import { stamp } from '../../lib/canvas/stamp.js';
import type { StampingVisitor, Stamps } from '../../lib/canvas/stamp.types.js';

const a = signature('a');
const b = signature('b');
const c = signature('c');

/** Task → stamps, of every task in the canvas; callbacks under `task>callback`. */
function stampsIn(canvas: AnyCanvas): Record<string, unknown> {
  switch (canvas.kind) {
    case 'task': {
      const links = [...(canvas.options.link ?? []), ...(canvas.options.linkError ?? [])];
      return {
        [canvas.task]: canvas.options.stamps,
        ...Object.fromEntries(
          links.map((dict) => [`${canvas.task}>${dict.task}`, stampsOfDict(dict.options)]),
        ),
      };
    }
    case 'chain':
      return Object.assign({}, ...canvas.steps.map(stampsIn)) as Record<string, unknown>;
    case 'group':
      return Object.assign({}, ...list(canvas.members).map(stampsIn)) as Record<string, unknown>;
    case 'chord':
      return Object.assign({}, ...[...list(canvas.header), canvas.body].map(stampsIn)) as Record<
        string,
        unknown
      >;
  }
}

function stampsOfDict(options: Readonly<Record<string, unknown>>): Stamps {
  const names = options['stamped_headers'] as readonly string[];
  return Object.fromEntries(names.map((name) => [name, options[name]]));
}

function list(members: Members): readonly AnyCanvas[] {
  return [...(members as Iterable<AnyCanvas>)];
}

describe('plain stamps', () => {
  it('reach every task of chains and groups, and leave the canvas as it was', () => {
    const canvas = chain(a, group(b, c));
    expect(stampsIn(stamp(canvas, { tenant: 'acme' }))).toEqual({
      a: { tenant: 'acme' },
      b: { tenant: 'acme' },
      c: { tenant: 'acme' },
    });
    expect(stampsIn(canvas)).toEqual({ a: undefined, b: undefined, c: undefined });
  });

  it('reach the header of a chord and not its body, as in Celery', () => {
    expect(stampsIn(chord([a, b], c).stamp({ foo: 'bar' }))).toEqual({
      a: { foo: 'bar' },
      b: { foo: 'bar' },
      c: undefined,
    });
  });

  it('reach callbacks and error callbacks that are there already', () => {
    expect(stampsIn(a.link(b).linkError(c).stamp({ foo: 1 }))).toEqual({
      a: { foo: 1 },
      'a>b': { foo: 1 },
      'a>c': { foo: 1 },
    });
    const linked = chain(a, b).link(c).stamp({ foo: 1 });
    expect(linked.options.link?.[0]?.options).toEqual({ foo: 1, stamped_headers: ['foo'] });
  });

  it('reach members that come one by one when they come', () => {
    const members = {
      *[Symbol.iterator]() {
        yield a;
        yield b;
      },
    };
    expect(stampsIn(group(members).stamp({ foo: 1 }))).toEqual({ a: { foo: 1 }, b: { foo: 1 } });
  });

  it.each<[Stamps, Stamps, boolean, Stamps]>([
    [{ x: 1 }, { y: 2 }, false, { x: 1, y: 2 }],
    [{ x: 1 }, { x: 2 }, false, { x: 2 }],
    [{ x: [1] }, { x: [2] }, false, { x: [2, 1] }],
    [{ x: 1 }, { x: 2 }, true, { x: [2, 1] }],
    [{ x: [1] }, { x: 2 }, true, { x: [2, 1] }],
    [{ x: { a: 1 } }, { x: { b: 2 } }, false, { x: { a: 1, b: 2 } }],
    [{ x: 1 }, { x: null }, true, { x: [1] }],
  ])('over %j: %j (appended: %j) make %j', (own, given, appendStamps, expected) => {
    expect(a.stamp(own).stamp(given, { appendStamps }).options.stamps).toEqual(expected);
  });
});

describe('a visitor', () => {
  const told = (): { visitor: StampingVisitor; calls: string[] } => {
    const calls: string[] = [];
    const note =
      (name: string) =>
      (part: AnyCanvas, stamps: Stamps): Stamps => {
        const what = part.kind === 'task' ? part.task : part.kind;
        calls.push(`${name} ${what} ${Object.keys(stamps).join()}`.trim());
        return { [name]: what };
      };
    const visitor: StampingVisitor = {
      onSignature: note('signature'),
      onChainStart: note('chainStart'),
      onChainEnd: note('chainEnd'),
      onGroupStart: note('groupStart'),
      onGroupEnd: note('groupEnd'),
      onChordHeaderStart: note('headerStart'),
      onChordHeaderEnd: note('headerEnd'),
      onChordBody: note('body'),
      onCallback: note('callback'),
      onErrback: note('errback'),
    };
    return { visitor, calls };
  };

  it('sees each part from the outside in, with the stamps that have come down to it', () => {
    const { visitor, calls } = told();
    const stamped = chain(a.link(signature('ok')).linkError(signature('oh')), chord([b], group(c))).stamp(
      visitor,
      {
        stamps: { given: 0 },
      },
    );
    expect(calls).toEqual([
      'chainStart chain given',
      'callback ok given,chainStart',
      'signature ok given,chainStart,callback',
      'errback oh given,chainStart',
      'signature oh given,chainStart,errback',
      'signature a given,chainStart',
      'headerStart chord given,chainStart',
      'signature b given,chainStart,headerStart',
      'headerEnd chord given,chainStart,headerStart',
      'body chord given,chainStart,headerStart',
      'groupStart group given,chainStart,headerStart,body',
      'signature c given,chainStart,headerStart,body,groupStart',
      'groupEnd group given,chainStart,headerStart,body,groupStart',
      'chainEnd chain given,chainStart',
    ]);
    expect(stampsIn(stamped)).toMatchObject({
      a: { given: 0, chainStart: 'chain', signature: 'a' },
      'a>ok': { given: 0, chainStart: 'chain', callback: 'ok', signature: 'ok' },
      b: { headerStart: 'chord', signature: 'b' },
      c: { body: 'chord', groupStart: 'group', signature: 'c' },
    });
  });

  it('that knows no headers sees them as groups', () => {
    const seen: unknown[] = [];
    chord([a, b], c).stamp({
      onGroupStart: ({ members }) => void seen.push(members),
      onGroupEnd: ({ kind }) => void seen.push(kind),
    });
    expect(seen).toEqual([[a, b], 'group']);
  });

  it('may say nothing', () => {
    const canvas = chord([a.link(b)], c);
    expect(stamp(canvas, { onSignature: () => undefined })).toEqual(canvas);
  });

  it('can be an object of a class, with helpers of its own', () => {
    class Visitor implements StampingVisitor {
      #next = 0;
      readonly number = (): number => this.#next++;
      onSignature(): Stamps {
        return { number: this.number() };
      }
    }
    expect(stampsIn(stamp(chain(a, b), new Visitor()))).toEqual({ a: { number: 0 }, b: { number: 1 } });
  });

  it.each([
    [
      { onSignatur: () => ({}) },
      'stamps.onSignatur: a visitor has no such method. Did you mean onSignature?',
    ],
    [
      { bananas: () => ({}) },
      'stamps.bananas: a visitor has no such method. Known: onSignature, onChainStart',
    ],
    [
      'acme',
      'stamps: expected an object of stamps, or a visitor with onSignature() and the like, got "acme"',
    ],
    [null, 'got null'],
    [['a'], 'got a list of 1'],
  ])('is told from stamps, and bad ones are refused: %j', (given, message) => {
    expect(() => a.stamp(given as never)).toThrow(message);
  });
});
