import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { resetOrClose } from '../support/reset-or-close.js';
import type { Random } from './random.js';

export type Direction = 'toServer' | 'toClient';

/** A wire whose faults know nothing of the protocol on it (`protocol/frame-proxy.ts` does). What is set holds for connections that stand and that come. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Bytes pass as they come. What a hole swallowed meanwhile is gone, and its connections are reset. */
  heal(): void;
  /** Each piece arrives so much later, and never before one sent earlier. */
  delay(direction: Direction, ms: readonly [number, number]): void;
  /** Bytes are taken and go nowhere; nobody is told. Both directions: a black hole. One: half open. */
  swallow(...directions: readonly Direction[]): void;
  /** Resets every connection. */
  cut(): void;
  /** Bytes that went nowhere so far. */
  readonly swallowed: number;
  /** Connections that stand, or of which one end does not know that they do not. */
  readonly standing: number;
  /** Connections that ever came. */
  readonly accepted: number;
}

/** Reads along on one connection and decides over it. */
export interface Tap {
  take(direction: Direction, bytes: Buffer): Taken;
}

export interface Taken {
  /** What goes on of all that has come. */
  readonly passes: Buffer;
  /** Bytes that will never go on: the connection must not outlive the fault. */
  readonly swallows: number;
  /** `stall`: nothing goes this way any more. `cut`: reset once it has passed. */
  readonly afterwards: 'go on' | 'stall' | 'cut';
}

/** One connection through the proxy. */
export interface TappedWire {
  /** Speaks in the name of the other end. */
  say(direction: Direction, bytes: Buffer): void;
}

interface Wire {
  readonly ends: readonly [Socket, Socket];
  readonly stalled: Set<Direction>;
  /** Bytes of it are missing: it must not carry more. */
  torn: boolean;
}

/** @param tapOf called for each connection */
export async function startFaultProxy(
  targetPort: number,
  random: Random,
  tapOf?: (wire: TappedWire) => Tap,
): Promise<FaultProxy> {
  const wires = new Set<Wire>();
  const delays = new Map<Direction, readonly [number, number]>();
  const holes = new Set<Direction>();
  let [swallowed, accepted] = [0, 0];

  const reset = (some: Iterable<Wire>): void => {
    for (const wire of some) {
      for (const end of wire.ends) resetOrClose(end);
      wires.delete(wire);
    }
  };

  const carry = (wire: Wire, tap: Tap | undefined, direction: Direction): void => {
    const [from, to] = direction === 'toServer' ? wire.ends : ([wire.ends[1], wire.ends[0]] as const);
    const isHole = (): boolean => holes.has(direction) || wire.stalled.has(direction);
    let last: Promise<unknown> = Promise.resolve();
    const swallow = (bytes: number): void => {
      wire.torn ||= bytes > 0;
      swallowed += bytes;
    };
    from.on('data', (bytes) => {
      if (isHole()) return swallow(bytes.length);
      const taken = tap?.take(direction, bytes);
      const { passes, swallows, afterwards } = taken ?? { passes: bytes, swallows: 0, afterwards: 'go on' };
      swallow(swallows);
      if (afterwards === 'stall') wire.stalled.add(direction);
      const range = delays.get(direction);
      const due = range === undefined ? undefined : pause(random.between(...range));
      last = last.then(() => due).then(() => void to.write(passes));
      // A turn later the system has what was written.
      if (afterwards === 'cut') last = last.then(() => setImmediate(() => reset([wire])));
    });
    // A good-bye into a hole is not heard either.
    from.on('end', () => void last.then(() => isHole() || to.end()));
    from.on('error', () => undefined);
    from.on('close', () => {
      if (isHole()) return;
      void last.then(() => to.destroy());
      wires.delete(wire);
    });
  };

  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
    const wire: Wire = { ends: [client, upstream], stalled: new Set(), torn: false };
    wires.add(wire);
    accepted += 1;
    const tap = tapOf?.({
      say: (direction, bytes) => void (direction === 'toServer' ? upstream : client).write(bytes),
    });
    carry(wire, tap, 'toServer');
    carry(wire, tap, 'toClient');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    heal() {
      holes.clear();
      delays.clear();
      reset(
        [...wires].filter(
          ({ torn, stalled, ends }) => torn || stalled.size > 0 || ends.some((end) => end.destroyed),
        ),
      );
    },
    delay: (direction, ms) => void delays.set(direction, ms),
    swallow(...directions) {
      for (const direction of directions) holes.add(direction);
    },
    cut: () => reset([...wires]),
    get swallowed() {
      return swallowed;
    },
    get standing() {
      return wires.size;
    },
    get accepted() {
      return accepted;
    },
    async [Symbol.asyncDispose]() {
      reset([...wires]);
      server.close();
      await once(server, 'close');
    },
  };
}
