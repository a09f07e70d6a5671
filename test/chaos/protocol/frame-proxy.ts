import { startFaultProxy, type FaultProxy, type Tap, type TappedWire } from '../fault-proxy.js';
import type { Place } from '../place.js';
import type { Random } from '../random.js';
import { amqpReader } from './amqp.js';
import type { Frame, FrameReader } from './frame.js';
import { redisReader } from './redis.js';

/**
 * What becomes of a frame. `drop`: it alone goes nowhere. `stall`: nor does anything after it on its connection, this way.
 * `cut`: the connection is reset before it, and with `pass, then cut` after it.
 */
export type Fate = 'pass' | 'drop' | 'stall' | 'cut' | 'pass, then cut';

/** A fault proxy that knows what passes. */
export interface FrameProxy extends FaultProxy {
  /** Asked for every frame until it is set anew or the proxy is healed. */
  judge(fateOf: (frame: Frame) => Fate): void;
  /** This fate for the first frame of the kind, and no other. Resolves with it. */
  strike(match: (frame: Frame) => boolean, fate: Fate): Promise<Frame>;
}

/** A proxy before the broker of this place. */
export function frameProxyOf({ name, port }: Place, random: Random): Promise<FrameProxy> {
  if (name === 'memory') throw new Error('There is no wire in memory');
  return startFrameProxy(port, random, name === 'Redis' ? redisReader : amqpReader);
}

/** @param readerOf for each connection */
export async function startFrameProxy(
  targetPort: number,
  random: Random,
  readerOf: () => FrameReader,
): Promise<FrameProxy> {
  let fateOf = (_frame: Frame): Fate => 'pass';
  const proxy = await startFaultProxy(targetPort, random, (wire) =>
    tapOf(wire, readerOf(), (frame) => fateOf(frame)),
  );
  return {
    port: proxy.port,
    get swallowed() {
      return proxy.swallowed;
    },
    get standing() {
      return proxy.standing;
    },
    get accepted() {
      return proxy.accepted;
    },
    delay: (direction, ms) => proxy.delay(direction, ms),
    swallow: (...directions) => proxy.swallow(...directions),
    cut: () => proxy.cut(),
    heal() {
      fateOf = () => 'pass';
      proxy.heal();
    },
    judge: (next) => void (fateOf = next),
    strike: (match, fate) =>
      new Promise((resolve) => {
        fateOf = (frame) => {
          if (!match(frame)) return 'pass';
          fateOf = () => 'pass';
          resolve(frame);
          return fate;
        };
      }),
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

function tapOf(wire: TappedWire, reader: FrameReader, fateOf: (frame: Frame) => Fate): Tap {
  return {
    take(direction, bytes) {
      const passes: Buffer[] = [];
      let swallows = 0;
      for (const read of reader.read(direction, bytes)) {
        const fate = fateOf({ ...read, wire });
        const isPassed = fate === 'pass' || fate === 'pass, then cut';
        if (isPassed) passes.push(read.bytes);
        else swallows += read.bytes.length;
        if (fate === 'stall') return { passes: Buffer.concat(passes), swallows, afterwards: 'stall' };
        if (fate === 'cut' || fate === 'pass, then cut')
          return { passes: Buffer.concat(passes), swallows, afterwards: 'cut' };
      }
      return { passes: Buffer.concat(passes), swallows, afterwards: 'go on' };
    },
  };
}
