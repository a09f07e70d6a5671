import { afterAll, beforeAll, describe, inject } from 'vitest';
import { badMessages } from './cases/bad-messages.cases.js';
import { sharedQueue } from './cases/one-queue.cases.js';
import { pythonCallsUs } from './cases/python-calls-us.cases.js';
import { revoking } from './cases/revoke.cases.js';
import { weCallPython } from './cases/we-call-python.cases.js';
import { openInteropWorld, type InteropWorld } from './world.js';

const redis = (db: number): string => `${inject('redisUrl')}/${db}`;

const WORLDS = [
  { name: 'Redis broker, Redis results', broker: () => redis(9), backend: () => redis(10) },
  { name: 'RabbitMQ broker, Redis results', broker: () => inject('rabbitUrl'), backend: () => redis(11) },
  { name: 'RabbitMQ broker, rpc results', broker: () => inject('rabbitUrl'), backend: () => 'rpc://' },
  { name: 'Redis broker, rpc results', broker: () => redis(12), backend: () => 'rpc://' },
];

describe.each(WORLDS)('$name', ({ broker, backend }) => {
  let opened: InteropWorld | undefined;
  beforeAll(async () => {
    opened = await openInteropWorld({ broker: broker(), backend: backend(), lists: redis(15) });
  });
  afterAll(() => opened?.[Symbol.asyncDispose]());
  const world = (): InteropWorld => {
    if (opened === undefined) throw new Error('The world did not open');
    return opened;
  };

  pythonCallsUs(world);
  weCallPython(world);
  revoking(world);
  badMessages(world);
  sharedQueue(world);
});
