import { openLedger } from './ledger.js';
import { ORDER_VARIABLE, type WorkerOrder } from './order.js';

/** What this worker process, or child of its pool, was told. */
export const order = JSON.parse(process.env[ORDER_VARIABLE] ?? '{}') as WorkerOrder;
export const note = openLedger(order.ledger);
