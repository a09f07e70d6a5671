import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from './random.js';

export type Direction = 'toServer' | 'toClient';

/** A wire whose faults know nothing of the protocol on it. What is set holds for connections that stand and that come. */
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
}

interface Wire {
  readonly ends: readonly [Socket, Socket];
  /** Bytes of it are missing: it must not carry more. */
  torn: boolean;
}

export async function startFaultProxy(targetPort: number, random: Random): Promise<FaultProxy> {
  const wires = new Set<Wire>();
  const delays = new Map<Direction, readonly [number, number]>();
  const holes = new Set<Direction>();
  let swallowed = 0;

  const carry = (wire: Wire, from: Socket, to: Socket, direction: Direction): void => {
    let last: Promise<unknown> = Promise.resolve();
    from.on('data', (bytes) => {
      if (holes.has(direction)) {
        wire.torn = true;
        swallowed += bytes.length;
        return;
      }
      const range = delays.get(direction);
      if (range === undefined) {
        last = last.then(() => void to.write(bytes));
        return;
      }
      const due = pause(random.between(...range));
      last = last.then(() => due).then(() => void to.write(bytes));
    });
    // A good-bye into a hole is not heard either.
    from.on('end', () => void last.then(() => holes.has(direction) || to.end()));
    from.on('error', () => undefined);
    from.on('close', () => {
      if (holes.has(direction)) return;
      void last.then(() => to.destroy());
      wires.delete(wire);
    });
  };

  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
    const wire: Wire = { ends: [client, upstream], torn: false };
    wires.add(wire);
    carry(wire, client, upstream, 'toServer');
    carry(wire, upstream, client, 'toClient');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const reset = (some: Iterable<Wire>): void => {
    for (const wire of some) {
      for (const end of wire.ends) end.resetAndDestroy();
      wires.delete(wire);
    }
  };
  return {
    port: (server.address() as AddressInfo).port,
    heal() {
      holes.clear();
      delays.clear();
      reset([...wires].filter((wire) => wire.torn || wire.ends.some((end) => end.destroyed)));
    },
    delay: (direction, ms) => void delays.set(direction, ms),
    swallow(...directions) {
      for (const direction of directions) holes.add(direction);
    },
    cut: () => reset([...wires]),
    get swallowed() {
      return swallowed;
    },
    async [Symbol.asyncDispose]() {
      reset([...wires]);
      server.close();
      await once(server, 'close');
    },
  };
}
