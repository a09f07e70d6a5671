import { randomUUID } from 'node:crypto';
import { argumentsOf, taskOf, type Order } from './order.js';

/** A task message as Celery writes it, so that the floor moves the same bytes. */
export interface WireMessage {
  readonly id: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** @returns makes one message after the other, of one body */
export function wireMessages(order: Order): () => WireMessage {
  const args = argumentsOf(order);
  const embed = { callbacks: null, errbacks: null, chain: null, chord: null };
  const body = Buffer.from(JSON.stringify([args, {}, embed]));
  const argsrepr = JSON.stringify(args).slice(0, 1_024);
  return () => {
    const id = randomUUID();
    const headers = {
      lang: 'js',
      task: taskOf(order),
      id,
      shadow: null,
      eta: null,
      expires: null,
      group: null,
      group_index: null,
      retries: 0,
      timelimit: [null, null],
      root_id: id,
      parent_id: null,
      argsrepr,
      kwargsrepr: '{}',
      origin: 'gen1@bench',
      ignore_result: order.mode !== 'stored',
      replaced_task_nesting: 0,
      stamped_headers: null,
      stamps: {},
    };
    return { id, headers, body };
  };
}

export function amqpProperties({ id, headers }: WireMessage) {
  return {
    headers,
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    persistent: true,
    mandatory: true,
    correlationId: id,
  };
}

/** The message as it lies in a list on Redis. */
export function envelope({ id, headers, body }: WireMessage, queue: string): string {
  return JSON.stringify({
    body: body.toString('base64'),
    'content-encoding': 'utf-8',
    'content-type': 'application/json',
    headers,
    properties: {
      correlation_id: id,
      reply_to: '',
      delivery_mode: 2,
      delivery_info: { exchange: '', routing_key: queue },
      priority: 0,
      body_encoding: 'base64',
      delivery_tag: id,
    },
  });
}
