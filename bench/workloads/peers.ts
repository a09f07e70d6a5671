import type { Mode, PeerName } from '../order.js';
import type { Transport } from '../stage.js';

/** Names of rows. */
export const TITLES: Readonly<Record<PeerName, string>> = {
  'nestjs-celery': 'nestjs-celery',
  bullmq: 'BullMQ',
  celery: 'Celery',
  'celery-node': 'celery-node',
  golevelup: '@golevelup/nestjs-rabbitmq',
  amqplib: 'raw amqplib',
  ioredis: 'raw ioredis',
};

/** How many tasks a peer is given, against ours: slow ones fewer, so that a round lasts about as long. */
export const SHARES: Readonly<Record<PeerName, number>> = {
  'nestjs-celery': 1,
  bullmq: 1,
  celery: 0.2,
  'celery-node': 0.4,
  golevelup: 1,
  amqplib: 1,
  ioredis: 1,
};

/** What a worker promises, by how it acknowledges. */
export function promiseOf(peer: PeerName, mode: Mode): string {
  switch (peer) {
    case 'ioredis':
      return 'at most once';
    case 'celery-node':
      return 'at most once, result stored';
    case 'golevelup':
      return mode === 'stored' ? 'at least once, answer by reply' : 'at least once';
    case 'bullmq':
    case 'amqplib':
    case 'celery':
    case 'nestjs-celery':
      return { early: 'at most once', late: 'at least once', stored: 'at least once, result stored' }[mode];
  }
}

/** What it means that a publish has resolved. */
export function publishPromise(peer: PeerName, transport: Transport): string {
  if (transport === 'Redis') return 'in the memory of the server';
  switch (peer) {
    case 'celery-node':
      return 'written to the socket';
    case 'nestjs-celery':
    case 'amqplib':
      return 'confirmed and routed';
    default:
      return 'confirmed';
  }
}
