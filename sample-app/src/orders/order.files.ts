import { Injectable } from '@nestjs/common';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Order } from './order.js';

/**
 * The shop's data: one folder an order, one file a finished step. Web and worker processes share it; writing a file
 * again gives the same file, so a task that runs twice does no harm.
 */
@Injectable()
export class OrderFiles {
  readonly #root = process.env['SHOP_DATA'] ?? join(import.meta.dirname, '..', '..', 'var');

  async save(order: Order): Promise<void> {
    await this.write(order.id, 'order.json', JSON.stringify(order, null, 2));
  }

  async load(orderId: string): Promise<Order> {
    return JSON.parse(await readFile(this.pathOf(orderId, 'order.json'), 'utf8')) as Order;
  }

  /** The path written. Readers see the whole file or none of it. */
  async write(orderId: string, name: string, content: string | Uint8Array): Promise<string> {
    const path = this.pathOf(orderId, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
    return path;
  }

  /** Names of the finished steps' files; empty for an unknown order. */
  async steps(orderId: string): Promise<string[]> {
    const names = await readdir(join(this.#root, 'orders', orderId)).catch(() => []);
    return names.filter((name) => !name.endsWith('.new')).toSorted();
  }

  async orderIds(): Promise<string[]> {
    return readdir(join(this.#root, 'orders')).catch(() => []);
  }

  private pathOf(orderId: string, name: string): string {
    return join(this.#root, 'orders', orderId, name);
  }
}
