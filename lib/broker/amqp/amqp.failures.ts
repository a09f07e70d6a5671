import { BrokerRefusedError, TopologyConflictError, type CeleryError } from '../../errors.js';

/** RabbitMQ's reply codes that end a channel. */
export const ACCESS_REFUSED = 403;
export const NOT_FOUND = 404;
const RESOURCE_LOCKED = 405;
export const PRECONDITION_FAILED = 406;

/** A question without an answer by its deadline: nobody knows what became of it. */
export class NoAnswerError extends Error {}

/** The code with which RabbitMQ closed the channel or connection; undefined when it was something else. */
export function replyCode(error: unknown): number | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** RabbitMQ's own sentence out of amqplib's, or the error's text. */
export function replyText(error: unknown): string {
  const whole = error instanceof Error ? error.message || error.name : String(error);
  const quoted = /with message "(.*)"$/s.exec(whole)?.[1] ?? whole;
  return quoted.replace(/^[A-Z_]+ - /, '');
}

/**
 * What RabbitMQ said no to, for people; undefined when it gave no answer (connection lost, no answer in time), after
 * which the same may be tried again.
 * @param entity what was declared or used, for example `queue "mail"`
 */
export function refusal(entity: string, action: string, error: unknown): CeleryError | undefined {
  const code = replyCode(error);
  if (code === undefined || code < ACCESS_REFUSED) return undefined;
  const reason = replyText(error);
  if (code === RESOURCE_LOCKED || (code === PRECONDITION_FAILED && reason.includes('inequivalent'))) {
    return new TopologyConflictError(entity.charAt(0).toUpperCase() + entity.slice(1), reason, error);
  }
  return new BrokerRefusedError(`${action} ${entity}`, reason, error);
}
