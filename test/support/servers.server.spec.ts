import { describe, expect, it } from 'vitest';
import { connect } from 'amqplib';
import { startRabbit } from './rabbitmq.js';
import { startRedis } from './redis.js';
import { answers } from './servers/process.js';

describe('server launchers', () => {
  it('a killed Redis is gone, and back on the same port after a restart', async () => {
    await using redis = await startRedis();
    await redis.kill();
    expect(await answers(redis.port, 'PING\r\n', '+PONG')).toBe(false);
    await redis.start();
    expect(await answers(redis.port, 'PING\r\n', '+PONG')).toBe(true);
  });

  it('a private RabbitMQ takes connections, makes vhosts, and comes back after a kill', async () => {
    await using rabbit = await startRabbit();
    const url = await rabbit.vhost('own');
    await rabbit.restart();
    const connection = await connect(url);
    await connection.close();
    expect(await rabbit.ctl('list_vhosts')).toContain('own');
  });
});
