import { describe } from 'vitest';
import type { Broker, BrokerSupport } from '../../lib/broker/broker.js';
import { closingCases } from './broker/closing.cases.js';
import { consumingCases } from './broker/consuming.cases.js';
import { publishingCases } from './broker/publishing.cases.js';
import { routingCases } from './broker/routing.cases.js';
import { settlingCases } from './broker/settling.cases.js';
import { timeCases } from './broker/time.cases.js';

/** A server, or a corner of one, that one test has to itself. */
export interface BrokerWorld extends AsyncDisposable {
  /** One more connection to it. The suite closes every one it opened. */
  open(): Broker | Promise<Broker>;
  /** Wall clock of these brokers, epoch ms. */
  now(): number;
  /** Lets that much time pass for them: moves a fake clock, or waits. */
  advance(ms: number): Promise<void>;
  /**
   * Asked once every broker of the test has closed and every message has been settled: what the driver itself has left
   * behind, each named (timers, connections, helper keys or queues), but no queue or exchange it was told to declare.
   */
  leftovers?(): Promise<readonly string[]>;
}

/** A promise that some transport cannot keep by its nature. */
export type Lack =
  | 'headersExchange'
  /** Refusing a declaration that differs from the first one. */
  | 'topologyConflict'
  /** Refusing a message to a queue that nobody declared, on the default exchange. */
  | 'unknownQueue'
  /** Telling of messages that wait, without taking them. */
  | 'looking'
  /** Dropping a message when the time in its `expiration` property has passed. */
  | 'expiration'
  /** Honouring `x-message-ttl`. */
  | 'messageTtl';

export interface BrokerSuite {
  /** A fresh, isolated world. */
  readonly open: () => Promise<BrokerWorld>;
  readonly supports: BrokerSupport;
  /** What the transport cannot do, and why: shown beside the skipped test. */
  readonly lacks?: Partial<Readonly<Record<Lack, string>>>;
}

/** What every broker promises (`lib/broker/broker.ts`), written once. A driver's spec is one call. */
export function brokerConformance(name: string, suite: BrokerSuite): void {
  describe(`${name} broker`, () => {
    describe('publishing', () => publishingCases(suite));
    describe('routing', () => routingCases(suite));
    describe('consuming', () => consumingCases(suite));
    describe('settling', () => settlingCases(suite));
    describe('time', () => timeCases(suite));
    describe('closing', () => closingCases(suite));
  });
}
