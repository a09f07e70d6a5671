import { Injectable } from '@nestjs/common';
import { Task, TaskContext, Tasks } from 'nestjs-celery';
import { OrderFiles } from '../orders/order.files.js';
import { CardDeclined, GatewayBusy, PaymentGateway } from './payment.gateway.js';

export interface Receipt {
  readonly orderId: string;
  readonly cents: number;
  readonly reference: string;
  readonly attempts: number;
}

@Injectable()
@Tasks({ prefix: 'payments', queue: 'payments' })
export class PaymentTasks {
  constructor(
    private readonly gateway: PaymentGateway,
    private readonly files: OrderFiles,
  ) {}

  /** The task id is the idempotency key: retries and redeliveries charge once. */
  @Task({
    acksLate: true,
    autoretryFor: [GatewayBusy],
    retryBackoff: true,
    retryBackoffMax: '1s',
    maxRetries: 5,
    throws: [CardDeclined],
  })
  async charge(task: TaskContext, orderId: string, cents: number): Promise<Receipt> {
    const { reference } = await this.gateway.charge(task.id, cents);
    const receipt = { orderId, cents, reference, attempts: task.retries + 1 };
    await this.files.write(orderId, 'receipt.json', JSON.stringify(receipt));
    return receipt;
  }
}
