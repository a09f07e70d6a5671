import { toPublishOptions } from '../../../lib/broker/amqp/amqp.wire.js';
import type { Broker, Delivery } from '../../../lib/broker/broker.js';
import { decodeEnvelope, encodeEnvelope } from '../../../lib/broker/redis/redis.envelope.js';
import { embedProblem } from '../../../lib/canvas/check-embed.js';
import { UndecodableMessageError } from '../../../lib/errors.js';
import type { Content } from '../../../lib/message/content.js';
import { saferepr } from '../../../lib/message/saferepr.js';
import { decodeTaskMessage, encodeTaskMessage } from '../../../lib/message/task-message.codec.js';
import type { TaskMessage } from '../../../lib/message/task-message.js';
import type { WireMessage } from '../../../lib/message/wire-message.js';
import { systemClock } from '../../../lib/runtime/clock.js';
import { bindArguments, parametersOf } from '../../../lib/task/parameters.js';
import { readTaskOptions } from '../../../lib/task/read-task-options.js';
import type { TaskDefinition } from '../../../lib/task/task.definition.js';
import { admit } from '../../../lib/worker/admission.js';
import { CargoHold } from '../../../lib/worker/pool/cargo.js';
import { Quarantine } from '../../../lib/worker/quarantine.js';
import { Request } from '../../../lib/worker/request.js';
import { taskDefaults } from '../../task/defaults.js';

const QUEUE = 'celery';

const DEFINITION: TaskDefinition = {
  name: 'tw.add',
  source: 'fuzz',
  config: readTaskOptions({ name: 'tw.add' }, taskDefaults()),
  parameters: parametersOf((_x: number, _y: number) => undefined),
};

/**
 * The way of an envelope through a worker: read, checked, made a request whose arguments are bound; or refused and put into
 * quarantine. What is taken can be sent on by a retry, handed to a child and written to a log. What is refused is kept whole.
 * @returns whether it would run. @throws where any of it goes wrong
 */
export function taskPath(content: Content): (raw: Buffer) => boolean | Promise<boolean> {
  const hold = new CargoHold(content, 'json');
  return (raw) => {
    const envelope = decodeEnvelope(raw);
    const delivery = deliveryOf(envelope);
    if (envelope.malformed !== undefined) return quarantined(delivery, envelope.malformed);
    let message: TaskMessage;
    try {
      message = decodeTaskMessage(envelope.message, content);
    } catch (error) {
      if (error instanceof UndecodableMessageError) return quarantined(delivery, error.reason);
      throw error;
    }
    const problem = embedProblem(message.embed);
    if (problem !== undefined) return quarantined(delivery, problem);
    const request = new Request(delivery, message, DEFINITION);
    admit(message, { now: systemClock.now(), known: true, isRevoked: () => false });
    if (request.label.length > 600) throw new Error('a log line of any length');
    saferepr([message.args, message.kwargs, message.stamps]);
    hold.loadMessage(envelope.message);
    encodeTaskMessage({ ...message, retries: message.retries + 1 }, content);
    try {
      bindArguments(DEFINITION.parameters, message.args, message.kwargs);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    return true;
  };
}

function deliveryOf(envelope: ReturnType<typeof decodeEnvelope>): Delivery {
  const settle = async () => 'settled' as const;
  return {
    message: envelope.message,
    queue: QUEUE,
    exchange: envelope.exchange,
    routingKey: envelope.routingKey,
    redelivered: envelope.redelivered,
    deliveryCount: envelope.returns,
    malformed: envelope.malformed,
    lost: new AbortController().signal,
    isLost: false,
    ack: settle,
    reject: settle,
    requeue: settle,
    defer: settle,
  };
}

/** Puts it away on Redis and on RabbitMQ: its body has to be there, byte for byte. */
async function quarantined(delivery: Delivery, reason: string): Promise<false> {
  const redis = async (_target: unknown, message: WireMessage): Promise<void> => {
    const text = encodeEnvelope(message, '', `${QUEUE}.quarantine`)('a-tag');
    const back = decodeEnvelope(Buffer.from(text));
    if (back.malformed !== undefined || !back.message.body.equals(delivery.message.body))
      throw new Error(`not what was put into quarantine: ${back.malformed ?? 'another body'}`);
  };
  const amqp = async (_target: unknown, message: WireMessage): Promise<void> => {
    toPublishOptions(message, true);
  };
  for (const publish of [redis, amqp])
    await new Quarantine({ publish } as unknown as Broker, systemClock).put(delivery, reason);
  return false;
}
