import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { TaskClient } from 'nestjs-celery';
import { ImageTasks } from '../images/image.tasks.js';
import { InvoiceTasks } from '../invoices/invoice.tasks.js';
import { MailTasks } from '../mail/mail.tasks.js';
import { PaymentTasks } from '../payments/payment.tasks.js';
import { totalCents, type Order, type OrderLine } from './order.js';
import { OrderFiles } from './order.files.js';

export interface PlacedOrder {
  readonly orderId: string;
  readonly totalCents: number;
  /** Task ids, for whoever wants to follow them. */
  readonly tasks: { readonly payment: string; readonly thumbnails: readonly string[] };
}

@Injectable()
export class OrderService {
  private readonly payments;
  private readonly invoices;
  private readonly mail;
  private readonly images;

  constructor(
    private readonly files: OrderFiles,
    tasks: TaskClient,
  ) {
    this.payments = tasks.of(PaymentTasks);
    this.invoices = tasks.of(InvoiceTasks);
    this.mail = tasks.of(MailTasks);
    this.images = tasks.of(ImageTasks);
  }

  async place(customer: string, email: string, lines: readonly OrderLine[]): Promise<PlacedOrder> {
    const placedAt = new Date().toISOString();
    const order: Order = { id: randomUUID().slice(0, 8), customer, email, lines, placedAt };
    await this.files.save(order);

    // The receipt goes in front of the invoice's arguments; the failed task's id in front of the apology's.
    const payment = await this.payments.charge.applyAsync([order.id, totalCents(order)], {
      link: this.invoices.create.s(order.id),
      linkError: this.mail.paymentFailed.s(order.id),
    });
    const skus = [...new Set(lines.map((line) => line.sku))];
    const thumbnails = await Promise.all(skus.map((sku) => this.images.thumbnail.delay(order.id, sku)));

    return {
      orderId: order.id,
      totalCents: totalCents(order),
      tasks: { payment: payment.id, thumbnails: thumbnails.map((result) => result.id) },
    };
  }
}
