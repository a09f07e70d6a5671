import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import type * as library from '../../lib/index.js';
import type * as testing from '../../lib/testing/index.js';

interface OrderFiles {
  save(order: object): Promise<void>;
}

/** What `npm run build` and `npm run build:sample` made. */
const built = <M>(file: string): Promise<M> =>
  import(new URL(`../../${file}`, import.meta.url).href) as Promise<M>;

describe("the sample shop's nightly report", () => {
  it('is made at three in the morning where the shop is, for the day before', async () => {
    const data = await mkdtemp(join(tmpdir(), 'shop-test-'));
    process.env['SHOP_DATA'] = data;
    const { CeleryModule, ScheduleClient, TaskClient } = await built<typeof library>('dist/index.js');
    const { CeleryTestingModule } = await built<typeof testing>('dist/testing/index.js');
    const reports = await built<{ ReportTasks: Type }>('sample-app/dist/reports/report.tasks.js');
    const orders = await built<{ OrderFiles: Type<OrderFiles> }>('sample-app/dist/orders/order.files.js');

    await using t = await CeleryTestingModule.create({
      imports: [CeleryModule.forRoot()],
      providers: [orders.OrderFiles, reports.ReportTasks],
      beat: true,
      // Midnight in Berlin.
      now: new Date('2026-06-30T22:00:00Z'),
    });
    const files = t.app.get(orders.OrderFiles);
    // One of yesterday, and one of today, which the report leaves out. (At midnight they change their parts.)
    for (const [id, agoMs] of [['o1', 86_400_000] as const, ['o2', 0] as const]) {
      await files.save({
        id,
        placedAt: new Date(Date.now() - agoMs).toISOString(),
        customer: 'Ada Lovelace',
        email: 'ada@example.com',
        lines: [{ sku: 'tea-pot', quantity: 2, unitCents: 3900 }],
      });
    }
    const schedules = t.app.get(ScheduleClient);
    expect(await schedules.next('reports.nightly', 2)).toEqual([
      new Date('2026-07-01T01:00:00Z'),
      new Date('2026-07-02T01:00:00Z'),
    ]);

    await t.advance('2h');
    expect((await schedules.list())[0]?.totalRunCount).toBe(0);
    await t.advance('1h');
    const [entry] = await schedules.list();
    expect(entry).toMatchObject({
      name: 'reports.nightly',
      totalRunCount: 1,
      lastRunAt: new Date('2026-07-01T01:00:00Z'),
    });
    const report = t.app.get(TaskClient).result(entry?.lastTaskId ?? '');
    expect(await report.get()).toMatchObject({ orders: 1, cents: 7800 });
    delete process.env['SHOP_DATA'];
    await rm(data, { recursive: true });
  });
});
