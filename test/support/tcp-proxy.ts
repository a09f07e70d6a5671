import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { resetOrClose } from './reset-or-close.js';

/** A wire between a client and a server that a test can cut or let go silent. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections it has accepted so far. */
  readonly accepted: number;
  /** From now on no byte passes, in either direction, and nobody is told. */
  freeze(): void;
  /** Connections made from now on work again; those that were frozen stay so. */
  heal(): void;
  /** Resets every connection. */
  cut(): void;
}

/** @param port its own; default any that is free */
export async function startTcpProxy(targetPort: number, port = 0): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let frozen = false;
  let accepted = 0;
  const server = createServer((client) => {
    accepted += 1;
    const upstream = connect(targetPort, '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    if (!frozen) pass(client, upstream);
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (frozen) return;
        pairs.delete(pair);
        for (const end of pair) end.destroy();
      });
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const end = (): void => {
    for (const pair of pairs) for (const socket of pair) resetOrClose(socket);
    pairs.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get accepted() {
      return accepted;
    },
    freeze() {
      frozen = true;
      for (const pair of pairs) {
        for (const socket of pair) {
          socket.unpipe();
          socket.pause();
        }
      }
    },
    heal: () => void (frozen = false),
    cut: end,
    async [Symbol.asyncDispose]() {
      end();
      server.close();
    },
  };
}

function pass(client: Socket, upstream: Socket): void {
  client.pipe(upstream);
  upstream.pipe(client);
}
