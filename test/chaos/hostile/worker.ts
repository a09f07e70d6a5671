import { CeleryFactory } from '../../../lib/index.js';
import { order } from '../own-order.js';
import { READY_LINE } from '../order.js';
import { hostileModule, HostileLogger } from './app.js';

// The worker of PP-4, and the children of its pool.

const module = hostileModule(order.app);
const worker = await CeleryFactory.createWorker(module, { ...order.worker, logger: new HostileLogger() });
console.log(READY_LINE);
await worker.run();
