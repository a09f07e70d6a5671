import {
  BadRequestException,
  Body,
  Controller,
  Get,
  HttpCode,
  NotFoundException,
  Param,
  Post,
} from '@nestjs/common';
import { OrderFiles } from './order.files.js';
import { OrderService, type PlacedOrder } from './order.service.js';
import type { OrderLine } from './order.js';

interface OrderRequest {
  customer?: unknown;
  email?: unknown;
  lines?: unknown;
}

@Controller('orders')
export class OrderController {
  constructor(
    private readonly orders: OrderService,
    private readonly files: OrderFiles,
  ) {}

  /** Answers at once; payment, invoice, mail and thumbnails follow in the background. */
  @Post()
  @HttpCode(202)
  place(@Body() body: OrderRequest): Promise<PlacedOrder> {
    const { customer, email, lines } = body;
    if (
      typeof customer !== 'string' ||
      typeof email !== 'string' ||
      !Array.isArray(lines) ||
      !lines.every(isLine)
    ) {
      throw new BadRequestException('An order is { customer, email, lines: [{ sku, quantity, unitCents }] }');
    }
    return this.orders.place(customer, email, lines);
  }

  @Get(':id')
  async show(@Param('id') id: string): Promise<{ id: string; steps: string[] }> {
    const steps = await this.files.steps(id);
    if (steps.length === 0) throw new NotFoundException(`No order ${id}`);
    return { id, steps };
  }
}

function isLine(line: unknown): line is OrderLine {
  return (
    typeof line === 'object' &&
    line !== null &&
    'sku' in line &&
    typeof line.sku === 'string' &&
    /^[a-z0-9-]{1,40}$/.test(line.sku) &&
    'quantity' in line &&
    Number.isInteger(line.quantity) &&
    'unitCents' in line &&
    Number.isInteger(line.unitCents)
  );
}
