import { ConsoleLogger, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import Table from 'cli-table3';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { TaskClient, TaskFailedError } from 'nestjs-celery';
import { AppModule } from './app.module.js';
import type { Thumbnail } from './images/image.tasks.js';
import { euros } from './orders/order.js';
import type { PlacedOrder } from './orders/order.service.js';
import type { Receipt } from './payments/payment.tasks.js';
import { ReportTasks } from './reports/report.tasks.js';

// The shop's main job on the embedded broker: three orders come in over HTTP, everything else happens in tasks. The processes
// of the pool that scales pictures run this script too, up to where the worker starts inside `listen`.

const ORDERS = [
  {
    customer: 'Ada Lovelace',
    email: 'ada@example.com',
    lines: [line('tea-pot', 1, 3900), line('cup', 4, 850)],
  },
  { customer: 'Alan Turing', email: 'alan@example.com', lines: [line('apple-press', 1, 18900)] },
  { customer: 'Grace Hopper', email: 'grace@example.com', lines: [line('ship-model', 2, 79900)] },
];

process.env['SHOP_DATA'] ??= await mkdtemp(join(tmpdir(), 'shop-'));
const started = performance.now();
const app = await NestFactory.create(AppModule.withWorker(), {
  logger: new ConsoleLogger({ logLevels: ['warn', 'error', 'fatal'] }),
});
await app.listen(0, '127.0.0.1');
const tasks = app.get(TaskClient);

const placed = await Promise.all(ORDERS.map((order) => place(app, order)));
const rows = await Promise.all(placed.map((order, index) => follow(order, ORDERS[index]?.customer ?? '')));
const report = await (await tasks.of(ReportTasks).nightly.delay(new Date().toISOString().slice(0, 10))).get();

const head = ['order', 'customer', 'total', 'payment', 'thumbnails', 'invoice', 'mail'];
const plain = process.stdout.isTTY ? {} : { style: { head: [], border: [] } };
const table = new Table({ head, ...plain });
table.push(...rows);
console.log(table.toString());
console.log(`Report of ${report.day}: ${report.orders} orders, ${euros(report.cents)}`);
console.log(
  `Files are in ${process.env['SHOP_DATA']}. Done in ${((performance.now() - started) / 1000).toFixed(1)} s.`,
);
await app.close();

function line(sku: string, quantity: number, unitCents: number) {
  return { sku, quantity, unitCents };
}

async function place(shop: INestApplication, order: object): Promise<PlacedOrder> {
  const answer = await fetch(`${await shop.getUrl()}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  });
  const accepted = (await answer.json()) as PlacedOrder;
  say(accepted.orderId, `order of ${euros(accepted.totalCents)} taken (HTTP ${answer.status})`);
  return accepted;
}

/** Waits for every task of an order and tells what happens on the way; the order's row in the table. */
async function follow(order: PlacedOrder, customer: string): Promise<string[]> {
  const { orderId } = order;
  const thumbnails = Promise.all(
    order.tasks.thumbnails.map(async (id) => {
      const { madeBy } = await tasks.result<Thumbnail>(id).get({ timeout: '30s' });
      say(orderId, `thumbnail made by process ${madeBy}`);
    }),
  );
  const payment = tasks.result<Receipt>(order.tasks.payment);
  payment.onProgress((state) => state === 'RETRY' && say(orderId, 'payment gateway is busy, trying again'));
  const paid = await payment.get({ timeout: '30s' }).catch((error: unknown) => declined(orderId, error));
  if (paid !== undefined) say(orderId, `paid: ${paid.reference}, attempt ${paid.attempts}`);

  // The invoice is the payment's callback; the confirmation is what the invoice task sent.
  const [invoice] = await payment.children();
  if (invoice !== undefined) say(orderId, `${fileName(await invoice.get({ timeout: '30s' }))} written`);
  const [mail] = (await invoice?.children()) ?? [];
  // The apology is an error callback, which Celery does not list among the children.
  await (mail === undefined ? untilStep(orderId, 'mail.eml') : mail.get({ timeout: '30s' }));
  say(orderId, 'mail sent');
  await thumbnails;
  return [
    orderId,
    customer,
    euros(order.totalCents),
    paid === undefined ? 'declined' : `attempt ${paid.attempts}`,
    String(order.tasks.thumbnails.length),
    paid === undefined ? '-' : 'invoice.pdf',
    paid === undefined ? 'apology' : 'confirmation',
  ];
}

function fileName(path: unknown): string {
  return String(path).split('/').at(-1) ?? '';
}

async function untilStep(orderId: string, step: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`${await app.getUrl()}/orders/${orderId}`);
    const { steps } = (await answer.json()) as { steps: string[] };
    if (steps.includes(step)) return;
    await setTimeout(20);
  }
}

function declined(orderId: string, error: unknown): undefined {
  if (!(error instanceof TaskFailedError)) throw error;
  say(orderId, `payment failed: ${error.remote.type}: ${error.remote.message}`);
}

function say(orderId: string, what: string): void {
  console.log(`${((performance.now() - started) / 1000).toFixed(2).padStart(5)} s  ${orderId}  ${what}`);
}
