import { ControlClient } from '../../lib/control/control.client.js';
import { startWorld, type WorldWish } from '../flows/world.js';

/** A worker that hears commands, and a client that gives them. */
export async function controlled(wish: WorldWish) {
  const world = await startWorld({ ...wish, worker: { hostname: 'w1@vm', ...wish.worker } });
  const { broker, content, clock } = world;
  const control = new ControlClient({ broker, content, clock, connectTimeoutMs: 1_000 });
  const w1 = { destination: 'w1@vm' };
  return Object.assign(world, {
    control,
    inspect: control.inspect(w1),
    fleet: control.fleet(w1),
    /** The only reply. */
    ask: async (method: string, args: Readonly<Record<string, unknown>> = {}) => {
      const [reply] = await control.ask(method, args, w1);
      if (reply === undefined) throw new Error(`no reply to ${method}`);
      return reply.error === undefined ? reply.value : { refused: reply.error };
    },
  });
}
