import { Injectable } from '@nestjs/common';
import { Periodic, Task, TaskContext, Tasks } from 'nestjs-celery';
import { totalCents } from '../orders/order.js';
import { OrderFiles } from '../orders/order.files.js';

export interface SalesReport {
  readonly day: string;
  readonly orders: number;
  readonly cents: number;
}

@Injectable()
@Tasks({ prefix: 'reports' })
export class ReportTasks {
  constructor(private readonly files: OrderFiles) {}

  /**
   * Made every night, where the shop is, for the day before.
   * @param day `YYYY-MM-DD`
   */
  @Task({ expires: '12h' })
  @Periodic('0 3 * * *', { tz: 'Europe/Berlin' })
  async nightly(task: TaskContext, day: string = yesterday()): Promise<SalesReport> {
    const ids = await this.files.orderIds();
    let report: SalesReport = { day, orders: 0, cents: 0 };
    for (const [index, id] of ids.entries()) {
      const order = await this.files.load(id);
      if (!order.placedAt.startsWith(day)) continue;
      report = { day, orders: report.orders + 1, cents: report.cents + totalCents(order) };
      await task.updateState('PROGRESS', { done: index + 1, total: ids.length });
    }
    return report;
  }
}

function yesterday(): string {
  return new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
}
