import { Injectable } from '@nestjs/common';
import { Task, Tasks } from 'nestjs-celery';
import { euros, totalCents } from '../orders/order.js';
import { OrderFiles } from '../orders/order.files.js';
import { Mailer } from './mailer.js';

@Injectable()
@Tasks({ prefix: 'mail', queue: 'mail' })
export class MailTasks {
  constructor(
    private readonly mailer: Mailer,
    private readonly files: OrderFiles,
  ) {}

  @Task()
  async confirmation(orderId: string, invoicePath: string): Promise<string> {
    const order = await this.files.load(orderId);
    return this.mailer.send(orderId, {
      to: order.email,
      subject: `Your order ${orderId}`,
      text: `Dear ${order.customer},\n\nthank you for ${euros(totalCents(order))}. The invoice is attached.`,
      attachments: [{ filename: 'invoice.pdf', path: invoicePath }],
    });
  }

  /** Called back with the id of the payment task that failed in front. */
  @Task()
  async paymentFailed(taskId: string, orderId: string): Promise<string> {
    const order = await this.files.load(orderId);
    return this.mailer.send(orderId, {
      to: order.email,
      subject: `Your order ${orderId} could not be paid`,
      text: `Dear ${order.customer},\n\nthe payment did not go through (reference ${taskId}).`,
    });
  }
}
