import { Injectable } from '@nestjs/common';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { OrderFiles } from '../orders/order.files.js';

/** Sends by SMTP when `SMTP_URL` is set; always keeps a copy as `mail.eml` beside the order. */
@Injectable()
export class Mailer {
  readonly #smtp =
    process.env['SMTP_URL'] === undefined ? undefined : createTransport(process.env['SMTP_URL']);
  readonly #copy = createTransport({ streamTransport: true, buffer: true });

  constructor(private readonly files: OrderFiles) {}

  async send(orderId: string, mail: SendMailOptions): Promise<string> {
    const letter = { from: 'shop@example.com', ...mail };
    const { message } = await this.#copy.sendMail(letter);
    await this.#smtp?.sendMail(letter);
    return this.files.write(orderId, 'mail.eml', Buffer.isBuffer(message) ? message : '');
  }
}
