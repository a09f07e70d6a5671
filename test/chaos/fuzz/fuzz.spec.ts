import childProcess from 'node:child_process';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { Servers } from '../place.js';
import { seeded } from '../random.js';
import { fz1, fz2 } from '../scenarios/fz-1.js';
import { fz4 } from '../scenarios/fz-4.js';
import { sec1, sec2, sec3, sec4 } from '../scenarios/sec-1.js';
import { Tripwires } from './tripwires.js';
import { watched } from './watch.js';

const SEED = 20_261_121;

/** The same choices on every run; `npm run chaos` makes others, and a thousand times as many. */
describe('input from outside, short', () => {
  const runs = [fz1, fz2, fz4, sec1, sec2, sec3, sec4].flatMap((scenario) =>
    scenario.variants.map((variant) => ({ id: scenario.id, variant, scenario })),
  );
  it.each(runs)('$id: $variant', async ({ scenario, variant }) => {
    const place = await new Servers({}).place('memory');
    const random = seeded(SEED).branch(variant);
    const stage = { tier: 'short', random, place, script: '', folder: tmpdir(), parts: 1 } as const;
    expect((await scenario.run(stage, variant)).broken).toEqual([]);
  });
});

describe('a watched reader', () => {
  const few = { rounds: 3, isTimed: false, next: (round: number) => Buffer.from(`input ${round}`) };

  it('is found to throw', async () => {
    const reads = (input: Buffer): boolean => {
      if (String(input) === 'input 1') throw new RangeError('too far');
      return true;
    };
    expect(await watched({ ...few, reads })).toMatchObject({
      read: 2,
      broken: [expect.stringMatching(/^RangeError: too far .*"input 1"$/)],
    });
  });

  it('is found to hang', async () => {
    // Whatever else this process computes meanwhile counts as CPU too: long by the clock as well.
    const reads = (): boolean => {
      const [from, startMs] = [process.cpuUsage(), performance.now()];
      for (let used = 0; used < 70_000 || performance.now() - startMs < 70;) {
        const { user, system } = process.cpuUsage(from);
        used = user + system;
      }
      return true;
    };
    const { broken } = await watched({ ...few, rounds: 1, isTimed: true, reads });
    expect(broken).toEqual([expect.stringMatching(/^took \d+ ms: "input 0"$/)]);
  });

  it('is found to change a prototype', async () => {
    try {
      const reads = () => Reflect.set(Array.prototype, 'polluted', 1);
      expect((await watched({ ...few, reads })).broken).toEqual([
        expect.stringMatching(/^prototypes or globals have changed: \d+\.polluted$/),
      ]);
    } finally {
      Reflect.deleteProperty(Array.prototype, 'polluted');
    }
  });

  it('is found to keep what it reads', async () => {
    const kept: number[][] = [];
    const reads = () => kept.push(Array.from({ length: 100_000 }, () => kept.length)) > 0;
    expect((await watched({ ...few, rounds: 40, reads })).broken).toEqual([
      expect.stringMatching(/^the heap grew by [\d.]+ MiB$/),
    ]);
  });
});

describe('tripwires', () => {
  it('say what was called, and let nothing through', () => {
    using wires = new Tripwires();
    expect(() => childProcess.execSync('true')).toThrow('child_process.execSync was called');
    expect(() => Reflect.apply(evaluate(), undefined, ['1'])).toThrow('eval was called');
    expect(() => Reflect.construct((() => undefined).constructor, ['return 1'])).toThrow(
      'Function was called',
    );
    expect(wires.tripped).toEqual(['child_process.execSync', 'eval', 'Function']);
  });

  it('are gone afterwards', () => {
    new Tripwires()[Symbol.dispose]();
    expect(Reflect.apply(evaluate(), undefined, ['1'])).toBe(1);
  });
});

/** By its name, as hostile code would. */
function evaluate(): () => unknown {
  return Reflect.get(globalThis, 'eval') as () => unknown;
}
