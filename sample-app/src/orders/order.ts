/** An order as the shop keeps it. Amounts are whole cents. */
export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly email: string;
  readonly lines: readonly OrderLine[];
  readonly placedAt: string;
}

export interface OrderLine {
  readonly sku: string;
  readonly quantity: number;
  readonly unitCents: number;
}

export const totalCents = (order: Order): number =>
  order.lines.reduce((sum, line) => sum + line.quantity * line.unitCents, 0);

export const euros = (cents: number): string => `${(cents / 100).toFixed(2)} EUR`;
