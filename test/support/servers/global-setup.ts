import type { TestProject } from 'vitest/node';
import { startRabbit } from '../rabbitmq.js';
import { startRedis } from '../redis.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A private RabbitMQ shared by the whole run: use names or vhosts of your own; do not kill it. */
    rabbitUrl: string;
    /** A private Redis shared by the whole run: use a key prefix or database of your own; do not kill it. */
    redisUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [rabbit, redis] = await Promise.all([startRabbit(), startRedis()]);
  project.provide('rabbitUrl', rabbit.url);
  project.provide('redisUrl', redis.url);
  return async () => {
    await Promise.all([rabbit.stop(), redis.stop()]);
  };
}
