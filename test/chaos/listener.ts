import { CeleryApp, readCeleryOptions } from '../../lib/index.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { order } from './own-order.js';
import { READY_LINE } from './order.js';

// A monitor of the fault tests: hears every event, and says how many when it is told to stop.

const app = await CeleryApp.open(readCeleryOptions(order.app), { log: silentLog });
const receiver = app.eventReceiver();
let heard = 0;
receiver.on('*', () => (heard += 1));
await receiver.start();
console.log(READY_LINE);
process.once('SIGTERM', () => {
  console.log(`HEARD ${heard}`);
  void app.close(0).then(() => process.exit(0));
});
setInterval(() => undefined, 60_000);
