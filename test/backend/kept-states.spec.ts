import { describe, expect, it } from 'vitest';
import { KeptStates } from '../../lib/backend/kept-states.js';

const kept = (states: KeptStates<string>, ids: string): string =>
  ids
    .split('')
    .filter((id) => states.get(id) !== undefined)
    .join('');

describe('kept states', () => {
  it('lose the oldest when there are too many', () => {
    const states = new KeptStates<string>({ maxStates: 2, maxBytes: 100 });
    for (const id of ['a', 'b', 'c']) states.set(id, id, 1);
    expect(kept(states, 'abc')).toBe('bc');
  });

  it('count a state that is set again as new', () => {
    const states = new KeptStates<string>({ maxStates: 2, maxBytes: 100 });
    for (const id of ['a', 'b', 'a', 'c']) states.set(id, id, 1);
    expect(kept(states, 'abc')).toBe('ac');
  });

  it('lose the oldest when they take too much, and count what was replaced or deleted no more', () => {
    const states = new KeptStates<string>({ maxStates: 10, maxBytes: 10 });
    for (let times = 0; times < 5; times += 1) states.set('a', 'a', 6);
    states.set('b', 'b', 4);
    expect(kept(states, 'ab')).toBe('ab');
    states.delete('a');
    states.delete('a');
    states.set('c', 'c', 6);
    expect(kept(states, 'abc')).toBe('bc');
    states.set('d', 'd', 1);
    expect(kept(states, 'bcd')).toBe('cd');
  });

  it('drop what is stale from the oldest on', () => {
    const states = new KeptStates<string>({ maxStates: 10, maxBytes: 10 });
    for (const id of ['a', 'b', 'c']) states.set(id, id, 1);
    states.dropWhile((state) => state < 'c');
    expect(kept(states, 'abc')).toBe('c');
  });
});
