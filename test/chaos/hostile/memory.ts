import { CeleryFactory, TaskClient } from '../../../lib/index.js';
import { STRIKES_VARIABLE, type Strikes } from '../order.js';
import { hostileModule, HostileLogger } from './app.js';
import { strikeAll } from './strike.js';

// PP-4 in memory: worker and client in one process, which has to live on.

const { app, pool, rounds } = JSON.parse(process.env[STRIKES_VARIABLE] ?? '{}') as Strikes;
const options = { pool, concurrency: 4, logger: new HostileLogger(), handleSignals: false };
const worker = await CeleryFactory.createWorker(hostileModule(app), options);
const struck = await strikeAll(worker.app.get(TaskClient), rounds);
await worker.close(1_000);
process.stdout.write(`${JSON.stringify(struck)}\n`);
// Handlers that wait for ever hold nothing; what they opened may.
process.exit();
