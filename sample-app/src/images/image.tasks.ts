import { Injectable } from '@nestjs/common';
import { Jimp } from 'jimp';
import { Task, TaskContext, Tasks } from 'nestjs-celery';
import { OrderFiles } from '../orders/order.files.js';

export interface Thumbnail {
  file: string;
  /** Id of the process. */
  madeBy: number;
}

@Injectable()
@Tasks({ prefix: 'images', queue: 'images' })
export class ImageTasks {
  constructor(private readonly files: OrderFiles) {}

  /** Computes, so it runs in a process of its own: the worker goes on taking orders, and can kill it if it hangs. */
  @Task({ pool: 'cpu', softTimeLimit: '20s', timeLimit: '30s' })
  async thumbnail(task: TaskContext, orderId: string, sku: string): Promise<Thumbnail> {
    await task.updateState('PROGRESS', { step: 'photo' });
    const photo = productPhoto(sku);
    await task.updateState('PROGRESS', { step: 'scale' });
    const png = await photo.resize({ w: 160 }).getBuffer('image/png');
    return { file: await this.files.write(orderId, `thumbnail-${sku}.png`, png), madeBy: process.pid };
  }
}

/** Stands for the photo archive: a picture of 640 × 480 that differs by product. */
function productPhoto(sku: string) {
  const hue = Buffer.from(sku).reduce((sum, byte) => sum + byte, 0) % 256;
  const photo = new Jimp({ width: 640, height: 480, color: 0xffffffff });
  photo.scan((x, y, index) => {
    photo.bitmap.data[index] = (x + hue) % 256;
    photo.bitmap.data[index + 1] = (y + hue) % 256;
    photo.bitmap.data[index + 2] = hue;
  });
  return photo;
}
