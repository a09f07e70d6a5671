import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { describe, expect, inject, it } from 'vitest';
import type { BackendSettings } from '../../lib/backend/backend.options.js';
import type { ResultBackend } from '../../lib/backend/result-backend.js';
import { RpcBackend } from '../../lib/backend/rpc.backend.js';
import { openBroker } from '../../lib/broker/broker.factory.js';
import type { BrokerSettings } from '../../lib/broker/broker.options.js';
import { replyChannelOf } from '../../lib/nest/broker.reply-channel.js';
import { systemClock } from '../../lib/runtime/clock.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { aMeta, resultBackendConformance } from '../conformance/result-backend.conformance.js';
import { eventually } from '../support/eventually.js';
import { backendSettings } from './backend-settings.js';

/** `rpc://` on a broker of its own, which is closed with it. */
async function rpcOn(
  url: string,
  transportOptions: BrokerSettings['transportOptions'] = {},
  changes: Partial<BackendSettings> = {},
): Promise<ResultBackend> {
  const broker = await openBroker({
    urls: [url],
    publishTimeoutMs: 10_000,
    connectTimeoutMs: 4_000,
    heartbeatSeconds: 20,
    tls: undefined,
    clientName: 'test',
    clock: systemClock,
    log: silentLog,
    transportOptions,
  });
  const backend = new RpcBackend(await backendSettings({ replyChannel: replyChannelOf(broker), ...changes }));
  const close = backend.close.bind(backend);
  return Object.assign(backend, {
    async close() {
      await close();
      await broker.close();
    },
  });
}

resultBackendConformance('rpc over the memory broker', {
  shared: false,
  open: () => rpcOn(`memory://${randomUUID()}`),
});
resultBackendConformance('rpc over RabbitMQ', { shared: false, open: () => rpcOn(inject('rabbitUrl')) });
resultBackendConformance('rpc over Redis', {
  shared: false,
  open: () => rpcOn(inject('redisUrl'), { globalKeyprefix: `t-${randomUUID()}:` }),
});

describe('rpc over RabbitMQ', () => {
  it('sends to the queue of a Python client, and takes no notice when that is gone', async () => {
    const connection = await connect(inject('rabbitUrl'));
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue(randomUUID(), { durable: false, autoDelete: true });
    const backend = await rpcOn(inject('rabbitUrl'));
    await backend.store(aMeta({ taskId: 'a', result: 3 }), { replyTo: queue, correlationId: 'a' });
    const message = await eventually(async () => channel.get(queue, { noAck: true }));
    expect(message.properties).toMatchObject({
      correlationId: 'a',
      deliveryMode: 1,
      priority: 0,
      headers: {},
      contentType: 'application/json',
      contentEncoding: 'utf-8',
    });
    expect(message.fields).toMatchObject({ exchange: '', routingKey: queue });
    expect(JSON.parse(message.content.toString())).toMatchObject({
      status: 'SUCCESS',
      result: 3,
      task_id: 'a',
    });

    await channel.deleteQueue(queue);
    await backend.store(aMeta({ taskId: 'b' }), { replyTo: queue, correlationId: 'b' });
    await backend.close();
    await connection.close();
  });

  it('leaves no reply queue behind', async () => {
    const connection = await connect(inject('rabbitUrl'));
    connection.on('error', () => undefined);
    const backend = await rpcOn(inject('rabbitUrl'));
    await backend.connect();
    await backend.close();
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    await expect(channel.checkQueue(backend.replyTo ?? '')).rejects.toThrow(/NOT_FOUND/);
    await connection.close();
  });
});
