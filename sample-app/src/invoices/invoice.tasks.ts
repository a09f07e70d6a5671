import { Injectable } from '@nestjs/common';
import { Task, TaskClient, TaskContext, Tasks } from 'nestjs-celery';
import { buffer } from 'node:stream/consumers';
import PDFDocument from 'pdfkit';
import { MailTasks } from '../mail/mail.tasks.js';
import { euros, type Order } from '../orders/order.js';
import { OrderFiles } from '../orders/order.files.js';
import type { Receipt } from '../payments/payment.tasks.js';

@Injectable()
@Tasks({ prefix: 'invoices' })
export class InvoiceTasks {
  private readonly mail;

  constructor(
    private readonly files: OrderFiles,
    tasks: TaskClient,
  ) {
    this.mail = tasks.of(MailTasks);
  }

  /** Makes the PDF, then sends the confirmation mail as a child task. */
  @Task({ acksLate: true })
  async create(task: TaskContext, receipt: Receipt, orderId: string): Promise<string> {
    const order = await this.files.load(orderId);
    const path = await this.files.write(orderId, 'invoice.pdf', await invoicePdf(order, receipt));
    await task.send(this.mail.confirmation.s(orderId, path));
    return path;
  }
}

function invoicePdf(order: Order, receipt: Receipt): Promise<Buffer> {
  const pdf = new PDFDocument({ size: 'A5' });
  pdf.fontSize(18).text(`Invoice ${order.id}`).moveDown();
  pdf
    .fontSize(11)
    .text(`${order.customer}, ${order.placedAt.slice(0, 10)}`)
    .moveDown();
  for (const line of order.lines) {
    pdf.text(`${line.quantity} x ${line.sku}: ${euros(line.quantity * line.unitCents)}`);
  }
  pdf.moveDown().text(`Paid ${euros(receipt.cents)}, reference ${receipt.reference}`);
  pdf.end();
  return buffer(pdf);
}
