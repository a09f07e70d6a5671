import { afterAll, beforeAll, describe, inject } from 'vitest';
import { weDriveBoth } from './cases/control-client.cases.js';
import { celeryDrivesUs } from './cases/control.cases.js';
import { mixedFleet } from './cases/control-fleet.cases.js';
import { eventsBothWays } from './cases/events.cases.js';
import { openControlWorld, type ControlWorld } from './control.world.js';

const redis = (db: number): string => `${inject('redisUrl')}/${db}`;

const WORLDS = [
  { name: 'Redis', broker: () => redis(7), backend: () => redis(8) },
  { name: 'RabbitMQ', broker: () => inject('rabbitUrl'), backend: () => redis(6) },
];

describe.each(WORLDS)('remote control on $name', ({ broker, backend }) => {
  let opened: ControlWorld | undefined;
  beforeAll(async () => {
    opened = await openControlWorld({ broker: broker(), backend: backend(), lists: redis(15) });
  });
  afterAll(() => opened?.[Symbol.asyncDispose]());
  const world = (): ControlWorld => {
    if (opened === undefined) throw new Error('The world did not open');
    return opened;
  };

  celeryDrivesUs(world);
  weDriveBoth(world);
  eventsBothWays(world);
  mixedFleet(world);
});
