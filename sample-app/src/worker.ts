import { CeleryFactory } from 'nestjs-celery';
import { AppModule, SHOP_WORKER } from './app.module.js';

// The worker process: a Nest application context without HTTP, and a beat for the nightly report. Where several worker processes
// run, one of their beats leads. The processes of its pool run this script too, up to createWorker.
const worker = await CeleryFactory.createWorker(AppModule, { ...SHOP_WORKER, beat: true });
await worker.run();
