import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { startFaultProxy } from './fault-proxy.js';
import { seeded } from './random.js';

/** A server that answers with what it hears, behind a proxy. */
async function anEcho() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startFaultProxy((server.address() as AddressInfo).port, seeded(1));
  return {
    proxy,
    async dial() {
      const socket = connect(proxy.port, '127.0.0.1');
      let [heard, closed] = ['', false];
      socket.on('data', (bytes) => (heard += String(bytes)));
      socket.on('error', () => undefined);
      socket.on('close', () => (closed = true));
      await once(socket, 'connect');
      sockets.add(socket);
      return {
        say: (text: string) => socket.write(text),
        heard: (text: string) => eventually(() => heard === text, { what: `hearing ${text}` }),
        closes: () => eventually(() => closed, { what: 'the end of the connection' }),
        get all() {
          return heard;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe('the fault proxy', () => {
  it('passes bytes on', async () => {
    await using echo = await anEcho();
    const line = await echo.dial();
    line.say('a');
    await line.heard('a');
  });

  it('keeps the order of what it delays', async () => {
    await using echo = await anEcho();
    echo.proxy.delay('toServer', [0, 5]);
    echo.proxy.delay('toClient', [0, 5]);
    const line = await echo.dial();
    for (const digit of '0123456789') line.say(digit);
    await line.heard('0123456789');
  });

  it('cuts every connection, and takes new ones', async () => {
    await using echo = await anEcho();
    const line = await echo.dial();
    line.say('a');
    await line.heard('a');
    echo.proxy.cut();
    await line.closes();
    const next = await echo.dial();
    next.say('b');
    await next.heard('b');
  });

  it.each([[['toServer', 'toClient'] as const], [['toServer'] as const], [['toClient'] as const]])(
    'swallows %s, and resets when healed what missed something',
    async (directions) => {
      await using echo = await anEcho();
      const [torn, whole] = [await echo.dial(), await echo.dial()];
      for (const line of [torn, whole]) {
        line.say('a');
        await line.heard('a');
      }
      echo.proxy.swallow(...directions);
      torn.say('lost');
      const meanwhile = await echo.dial();
      meanwhile.say('x');
      await eventually(() => echo.proxy.swallowed >= 5, { what: 'swallowing' });
      echo.proxy.heal();
      await torn.closes();
      await meanwhile.closes();
      expect([torn.all, meanwhile.all]).toEqual(['a', '']);
      whole.say('b');
      await whole.heard('ab');
    },
  );
});
