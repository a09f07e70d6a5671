import { describe, expect, it } from 'vitest';
import { Agenda } from '../../lib/broker/memory/agenda.js';
import { Deque } from '../../lib/runtime/deque.js';
import { topicMatches } from '../../lib/broker/memory/topic-match.js';
import { FakeClock } from '../support/fake-clock.js';

describe('deque', () => {
  it('does what an array does, at both ends, through growing and emptying', () => {
    const deque = new Deque<number>();
    const model: number[] = [];
    let seed = 7;
    for (let step = 0; step < 20_000; step += 1) {
      seed = (seed * 48_271) % 2_147_483_647;
      if (seed % 5 < 2) {
        deque.push(step);
        model.push(step);
      } else if (seed % 5 === 2) {
        deque.pushFront(step);
        model.unshift(step);
      } else if (step < 15_000 && seed % 7 < 3) {
        expect(deque.size).toBe(model.length);
        expect(deque.at(seed % 50)).toBe(model[seed % 50]);
      } else if (seed % 5 === 3 && step % 3 === 0) {
        expect(deque.pop()).toBe(model.pop());
      } else {
        expect(deque.first).toBe(model[0]);
        expect(deque.shift()).toBe(model.shift());
      }
    }
    expect([...deque]).toEqual(model);
    deque.clear();
    expect([...deque]).toEqual([]);
    expect(deque.shift()).toBeUndefined();
  });

  it('moves a hundred thousand through in line', () => {
    const deque = new Deque<number>();
    for (let item = 0; item < 100_000; item += 1) deque.push(item);
    let inLine = 0;
    while (deque.shift() === inLine) inLine += 1;

    expect(inLine).toBe(100_000);
    expect(deque.size).toBe(0);
  });
});

describe('topic rule', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'b', false],
    ['', '', true],
    ['#', '', true],
    ['#', 'a.b.c', true],
    ['*', 'a', true],
    ['*', 'a.b', false],
    ['a.*', 'a', false],
    ['a.*', 'a.b', true],
    ['a.*', 'ab.c', false],
    ['a.#', 'a', true],
    ['a.#', 'a.b.c', true],
    ['#.c', 'a.b.c', true],
    ['#.c', 'c', true],
    ['#.c', 'a.b', false],
    ['*.b.#', 'a.b', true],
    ['*.b.#', 'b.b.c.d', true],
    ['*.b.#', 'b', false],
    ['#.b.#', 'a.b.c', true],
    ['#.b.*.#', 'a.b', false],
    ['#.b.#.b', 'b.a.b', true],
    ['#.a.#.b', 'a.b.a', false],
    ['a.#.#.c', 'a.c', true],
    ['a.+', 'a.b', false],
    ['a.(b|c)', 'a.b', false],
  ])('%s takes %j: %s', (pattern, key, expected) => {
    expect(topicMatches(pattern.split('.'), key.split('.'))).toBe(expected);
  });

  it('is quick with a pattern made to be slow', () => {
    const pattern = [...Array.from({ length: 100 }, () => ['#', 'a']).flat(), 'b'];
    const words = Array.from({ length: 5_000 }, () => 'a');
    const startedMs = performance.now();

    expect(topicMatches(pattern, words)).toBe(false);

    expect(performance.now() - startedMs).toBeLessThan(500);
  });
});

describe('agenda', () => {
  it('does things at their times, in order, with one timer', async () => {
    const clock = new FakeClock();
    const done: [string, number][] = [];
    const startMs = clock.now();
    const agenda = new Agenda<string>(clock, (item) => done.push([item, clock.now() - startMs]));

    for (const [inMs, item] of [
      [300, 'c'],
      [100, 'a'],
      [200, 'b'],
      [100, 'a too'],
      [-5, 'at once'],
    ] as const) {
      agenda.note(startMs + inMs, item);
    }
    expect(done).toEqual([]);
    expect(clock.timers).toBe(1);
    await clock.advance(1_000);

    expect(done).toEqual([
      ['at once', 0],
      ['a', 100],
      ['a too', 100],
      ['b', 200],
      ['c', 300],
    ]);
    expect(clock.timers).toBe(0);
  });

  it('sorts many', async () => {
    const clock = new FakeClock();
    const done: number[] = [];
    const agenda = new Agenda<number>(clock, (item) => done.push(item));
    const delaysMs = Array.from({ length: 500 }, (_, index) => (index * 7_919) % 1_009);
    for (const delayMs of delaysMs) agenda.note(clock.now() + delayMs, delayMs);

    await clock.advance(2_000);

    expect(done).toEqual(delaysMs.toSorted((a, b) => a - b));
    expect(agenda.size).toBe(0);
  });

  it('can be noted in from within, and forgotten', async () => {
    const clock = new FakeClock();
    const done: string[] = [];
    const agenda = new Agenda<string>(clock, (item) => {
      done.push(item);
      if (item === 'first') agenda.note(clock.now(), 'second');
    });
    agenda.note(clock.now() + 10, 'first');
    agenda.note(clock.now() + 50, 'never');

    await clock.advance(20);
    expect(done).toEqual(['first', 'second']);
    agenda.clear();
    await clock.advance(100);

    expect(done).toEqual(['first', 'second']);
    expect(clock.timers).toBe(0);
  });
});
