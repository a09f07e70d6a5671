import { Injectable } from '@nestjs/common';

/** The gateway is there but has no capacity just now. Worth another try. */
export class GatewayBusy extends Error {
  override readonly name = 'GatewayBusy';
}

/** The bank said no. Trying again will not help. */
export class CardDeclined extends Error {
  override readonly name = 'CardDeclined';
}

/** Stands for a payment provider: busy for the first two tries of every payment, and strict about large amounts. */
@Injectable()
export class PaymentGateway {
  readonly #tries = new Map<string, number>();

  /** @param idempotencyKey the same key never charges twice */
  async charge(idempotencyKey: string, cents: number): Promise<{ reference: string }> {
    const tries = (this.#tries.get(idempotencyKey) ?? 0) + 1;
    this.#tries.set(idempotencyKey, tries);
    if (tries <= 2) throw new GatewayBusy('503 Service Unavailable');
    if (cents > 100_000) throw new CardDeclined(`no cover for ${cents} cents`);
    return { reference: `pay_${idempotencyKey.slice(0, 8)}` };
  }
}
