import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { mailboxQueue, PIDBOX_EXCHANGE } from '../../lib/control/pidbox.js';
import { requestMessage } from '../../lib/control/request.js';
import { controlled } from './control.world.js';

/** A worker in a flood of `count` commands, and what it has made of it. */
async function flooded(count: number) {
  const world = await controlled({ tasks: {} });
  const target = { exchange: PIDBOX_EXCHANGE.name, routingKey: '', exchangeDeclaration: PIDBOX_EXCHANGE };
  const send = (method: string) =>
    world.broker.publish(
      target,
      requestMessage(
        { method, arguments: {}, addressees: { kind: 'all' }, reply: undefined },
        world.content,
        { clock: 1 },
      ),
    );
  for (let sent = 0; sent < count; sent += 1) await send('ping');
  const { name } = mailboxQueue('w1@vm');
  const waiting = async (): Promise<number> => {
    await nextTurn();
    return world.broker.size(name);
  };
  return Object.assign(world, { tell: send, waiting });
}

it('takes so many commands in a window, and leaves the others to the broker', async () => {
  await using world = await flooded(1_000);

  expect(await world.waiting()).toBe(800);
  await world.clock.advance(100);
  expect(await world.waiting()).toBe(600);
  for (let windows = 0; windows < 4; windows += 1) {
    await world.clock.advance(100);
    await nextTurn();
  }
  expect(await world.waiting()).toBe(0);
  expect(await world.ask('stats')).toMatchObject({ control: { handled: 1_001, ignored: 0, dropped: 0 } });
});

it('a command after a flood is heard in the end, and what the flood cost is told once', async () => {
  await using world = await flooded(12_000);
  await world.tell('enable_events');
  for (let windows = 0; windows < 60; windows += 1) {
    await world.clock.advance(100);
    await nextTurn();
  }

  expect(await world.waiting()).toBe(0);
  expect(await world.ask('enable_events')).toBe('task events already enabled');
  expect(world.lines.filter((line) => line.includes('More remote commands come'))).toHaveLength(1);
});
