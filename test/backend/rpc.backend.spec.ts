import { BackendUnavailableError, BrokerClosedError, PublishError } from '../../lib/errors.js';
import { RpcBackend } from '../../lib/backend/rpc.backend.js';
import type { ReplyChannel } from '../../lib/backend/reply-channel.js';
import type { WireMessage } from '../../lib/message/wire-message.js';
import { describe, expect, it } from 'vitest';
import { aMeta, resultBackendConformance } from '../conformance/result-backend.conformance.js';
import { contentOf } from '../message/open-content.js';
import { FakeClock } from '../support/fake-clock.js';
import { backendSettings } from './backend-settings.js';

/** Queues in this process; keeps what was sent. */
function localChannel() {
  const listeners = new Map<string, (message: WireMessage) => void>();
  const sent: { queue: string; message: WireMessage }[] = [];
  const channel: ReplyChannel = {
    url: 'local',
    connect: async () => undefined,
    async send(queue, message) {
      sent.push({ queue, message });
      listeners.get(queue)?.(message);
    },
    async listen(queue, _expiresMs, onMessage) {
      listeners.set(queue, onMessage);
      return { stop: async () => void listeners.delete(queue) };
    },
  };
  return { channel, sent, listeners };
}

function reply(body: string | Buffer): WireMessage {
  return {
    body: Buffer.from(body),
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    headers: {},
    properties: { deliveryMode: 1, priority: 0, correlationId: 'a' },
  };
}

resultBackendConformance('rpc', {
  shared: false,
  open: async () => new RpcBackend(await backendSettings({ replyChannel: localChannel().channel })),
});

describe('rpc result backend', () => {
  it("sends Celery's result message to the caller's queue, and none without one", async () => {
    const { channel, sent } = localChannel();
    const backend = new RpcBackend(await backendSettings({ replyChannel: channel }));
    await backend.store(aMeta({ taskId: 'a' }), { replyTo: undefined, correlationId: 'a' });
    await backend.store(aMeta({ taskId: 'b', result: 3 }), { replyTo: 'caller', correlationId: 'b' });
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      queue: 'caller',
      message: {
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        headers: {},
        properties: { correlationId: 'b', deliveryMode: 1 },
      },
    });
  });

  it('sends persistent messages with resultPersistent', async () => {
    const { channel, sent } = localChannel();
    const backend = new RpcBackend(await backendSettings({ replyChannel: channel, persistent: true }));
    await backend.store(aMeta({ taskId: 'b' }), { replyTo: 'caller', correlationId: 'b' });
    expect(sent[0]?.message.properties).toEqual({ correlationId: 'b', deliveryMode: 2, priority: 0 });
  });

  it("reads Python's result message, in the serializer it names", async () => {
    const { channel, listeners } = localChannel();
    const content = await contentOf({ acceptContent: ['json', 'msgpack'] });
    const backend = new RpcBackend(await backendSettings({ replyChannel: channel, content }));
    await backend.connect();
    const arrive = listeners.get(backend.replyTo);
    arrive?.(
      reply(
        '{"status": "SUCCESS", "result": 3, "traceback": null, "children": [], "date_done": "2026-11-21T04:04:33.677094", "task_id": "a"}',
      ),
    );
    arrive?.({
      ...reply(Buffer.from('\x82\xa6status\xa7SUCCESS\xa7task_id\xa1b', 'latin1')),
      contentType: 'application/x-msgpack',
      contentEncoding: 'binary',
    });
    expect(await backend.get('a')).toMatchObject({ status: 'SUCCESS', result: 3 });
    expect(await backend.get('b')).toMatchObject({ status: 'SUCCESS' });
  });

  it('keeps a final state when an earlier one arrives late', async () => {
    const { channel, listeners } = localChannel();
    const backend = new RpcBackend(await backendSettings({ replyChannel: channel }));
    await backend.connect();
    for (const status of ['SUCCESS', 'STARTED'])
      listeners.get(backend.replyTo)?.(reply(`{"status": "${status}", "result": 1, "task_id": "a"}`));
    expect((await backend.get('a'))?.status).toBe('SUCCESS');
  });

  it('tells whoever waits when a reply cannot be read, and takes the next one', async () => {
    const { channel, listeners } = localChannel();
    const backend = new RpcBackend(await backendSettings({ replyChannel: channel }));
    await backend.connect();
    const states: string[] = [];
    const refused = new Promise<Error>((resolve) =>
      backend.watch('a', ({ status }) => states.push(status), resolve),
    );
    const arrive = listeners.get(backend.replyTo);
    arrive?.({ ...reply('\x80\x04K\x03.'), contentType: 'application/x-python-serialize' });
    expect((await refused).message).toContain('pickle is refused');
    arrive?.(reply('{"status": "SUCCESS", "result": 1, "task_id": "a"}'));
    expect(states).toEqual(['SUCCESS']);
  });

  it('sends again what a lost connection cut short, until its deadline', async () => {
    const clock = new FakeClock();
    const { channel, sent } = localChannel();
    let failures = 2;
    const flaky: ReplyChannel = {
      ...channel,
      async send(queue, message) {
        failures -= 1;
        if (failures >= 0) throw new PublishError(queue, true, 'connection lost');
        await channel.send(queue, message);
      },
    };
    const backend = new RpcBackend(await backendSettings({ replyChannel: flaky, clock }));
    const address = { replyTo: 'caller', correlationId: 'a' };
    const stored = backend.store(aMeta({ taskId: 'a' }), address);
    await clock.advance(5_000);
    await stored;
    expect(sent).toHaveLength(1);

    failures = Number.POSITIVE_INFINITY;
    const refused = expect(backend.store(aMeta({ taskId: 'a' }), address)).rejects.toThrow(
      BackendUnavailableError,
    );
    await clock.advance(5_000);
    await refused;
    expect(clock.timers).toBe(0);
  });

  it('does not repeat what would fail the same way again', async () => {
    const { channel } = localChannel();
    let sends = 0;
    const closed: ReplyChannel = {
      ...channel,
      async send() {
        sends += 1;
        throw new BrokerClosedError('local');
      },
    };
    const backend = new RpcBackend(await backendSettings({ replyChannel: closed }));
    await expect(
      backend.store(aMeta({ taskId: 'a' }), { replyTo: 'caller', correlationId: 'a' }),
    ).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE', cause: { code: 'BROKER_CLOSED' } });
    expect(sends).toBe(1);
  });

  it('closes while its broker does not come', async () => {
    const { channel } = localChannel();
    const absent: ReplyChannel = { ...channel, listen: () => new Promise(() => undefined) };
    const backend = new RpcBackend(await backendSettings({ replyChannel: absent }));
    void backend.connect();
    await Promise.resolve();
    await backend.close();
  });

  it('gives its queue up when it is closed', async () => {
    const { channel, listeners } = localChannel();
    const backend = new RpcBackend(await backendSettings({ replyChannel: channel }));
    await backend.connect();
    expect([...listeners.keys()]).toEqual([backend.replyTo]);
    await backend.close();
    expect(listeners.size).toBe(0);
  });
});
