import { ClusterState } from '../../events/cluster.state.js';
import type { CeleryEvent } from '../../events/event.js';
import { EventReceiver } from '../../events/event.receiver.js';
import { openContent } from '../../message/content.factory.js';
import { sleep } from '../../runtime/clock.js';
import { LamportClock } from '../../runtime/lamport.clock.js';
import type { Cli } from '../cli.js';
import { withApp } from '../connection.js';
import { eventLine } from '../event-line.js';
import { eventScreen } from '../event-screen.js';
import { EXIT } from '../exit-code.js';
import { cliLog } from '../given-options.js';
import { openScreen } from '../screen.js';
import type { GivenTo } from '../usage.js';
import type { eventsUsage } from './events.usage.js';

/** Between two looks of the screen. */
const REFRESH_MS = 500;

export async function run({ flags }: GivenTo<typeof eventsUsage>, cli: Cli): Promise<number> {
  const { output, clock, interrupted, terminal } = cli;
  const types = flags.types === undefined ? undefined : new Set(flags.types);
  return withApp(cli, {}, async ({ app }) => {
    const receiver = new EventReceiver({
      broker: app.broker,
      content: await openContent(app.config),
      lamport: new LamportClock(),
      log: cliLog(cli),
    });
    const state = new ClusterState(clock);
    const live = output.forPeople && !flags.dump;
    receiver.on('*', (event) => {
      state.apply(event);
      if (live || types?.has(nameOf(event)) === false) return;
      output.record(asJson(event), () => eventLine(event, (id) => state.task(id)));
    });
    await receiver.start();
    if (flags.enable) await app.control.tell('enable_events');
    if (!live) output.note('-> evdump: starting capture...');
    using screen = live ? openScreen(cli) : undefined;
    const endMs = clock.monotonicMs() + (flags.limit ?? Infinity);
    while (!interrupted.aborted && clock.monotonicMs() < endMs) {
      screen?.show(eventScreen(state, clock.now(), terminal.rows, output));
      const leftMs = Math.max(0, endMs - clock.monotonicMs());
      await sleep(clock, Math.min(live ? REFRESH_MS : HOUR_MS, leftMs), interrupted);
    }
    await receiver.stop();
    return EXIT.ok;
  });
}

const HOUR_MS = 3_600_000;

function nameOf(event: CeleryEvent): string {
  return event.type === 'custom' ? event.name : event.type;
}

/** As it travelled. */
function asJson(event: CeleryEvent): object {
  if (event.type !== 'custom') return event;
  const { fields, name, ...origin } = event;
  return { ...fields, ...origin, type: name };
}
