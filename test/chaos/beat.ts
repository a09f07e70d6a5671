import 'reflect-metadata';
import { openSync, writeSync } from 'node:fs';
import { Module } from '@nestjs/common';
import { CeleryFactory, CeleryModule } from '../../lib/index.js';
import { order } from './own-order.js';
import { READY_LINE } from './order.js';

// A beat of the fault tests. Writes to its file when it begins to lead and when it ends: `leads <pid>`, `waits <pid>`.

const LOOK_MS = 10;

@Module({ imports: [CeleryModule.forRoot(order.app)] })
class BeatModule {}

const file = openSync(order.terms ?? '', 'a');
const beat = await CeleryFactory.createBeat(BeatModule, { logger: ['warn', 'error'] });
let leads: boolean | undefined;
setInterval(() => {
  const now = beat.status.leading;
  if (now !== leads) writeSync(file, `${now ? 'leads' : 'waits'} ${process.pid}\n`);
  leads = now;
}, LOOK_MS).unref();
console.log(READY_LINE);
await beat.run();
