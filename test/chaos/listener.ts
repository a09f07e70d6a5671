import { order } from './own-order.js';
import { READY_LINE } from './order.js';
import { openSilently } from './silent-app.js';

// A monitor of the fault tests: hears every event, and says how many when it is told to stop.

const app = await openSilently(order.app);
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
