import type { ExchangeDeclaration, QueueDeclaration } from '../topology.js';

/** One member of `_kombu.binding.<exchange>`. */
export interface Binding {
  readonly routingKey: string;
  readonly queue: string;
}

/** The members kombu would write for this queue: key, pattern (a Python regular expression for topic), queue. */
export function bindingMembers(queue: QueueDeclaration, sep: string): string[] {
  const { exchange } = queue;
  if (exchange === undefined) return [];
  return bindingKeys(queue).map((key) =>
    [key, exchange.type === 'topic' ? topicPattern(key) : '', queue.name].join(sep),
  );
}

export function bindingKeys(queue: QueueDeclaration): string[] {
  return [...new Set([queue.routingKey, ...queue.bindings])];
}

export function readBinding(member: string, sep: string): Binding | undefined {
  const [routingKey, , queue] = member.split(sep);
  return routingKey === undefined || queue === undefined || queue === '' ? undefined : { routingKey, queue };
}

/** Queues that a message with this key reaches. The stored pattern is not used: expressions from the wire are not run. */
export function route(
  type: ExchangeDeclaration['type'],
  bindings: readonly Binding[],
  routingKey: string,
): string[] {
  const reached = bindings.filter((binding) =>
    type === 'topic' ? topicMatches(binding.routingKey, routingKey) : binding.routingKey === routingKey,
  );
  return [...new Set(reached.map((binding) => binding.queue))];
}

/** Kombu's regular expression for a topic key, character for character: Python workers match with it. */
export function topicPattern(key: string): string {
  const escaped = Array.from(key).map((sign) =>
    /^[\p{L}\p{N}.#*]$/u.test(sign) ? sign : sign === '\0' ? '\\000' : `\\${sign}`,
  );
  const words = escaped
    .join('')
    .split('.')
    .map((word) => (word === '*' ? '.*?[^\\.]' : word === '#' ? '.*?' : word));
  return `^${words.join('\\.')}$`;
}

/**
 * What that expression matches, without running it: `#` any text, also none, but its dots stay (`a.#` is not `a`);
 * `*` any text that does not end in a dot, not just one word as on AMQP. Linear in key times pattern.
 */
export function topicMatches(pattern: string, key: string): boolean {
  const parts = pattern.split('.');
  // The positions in `key` up to which the parts so far can match.
  let reached = new Set([0]);
  parts.forEach((part, index) => {
    const starts =
      index === 0 ? reached : new Set([...reached].filter((at) => key[at] === '.').map((at) => at + 1));
    const next = new Set<number>();
    if (part !== '*' && part !== '#') {
      for (const at of starts) if (key.startsWith(part, at)) next.add(at + part.length);
    } else if (starts.size > 0) {
      const first = Math.min(...starts);
      for (let end = first; end <= key.length; end += 1) {
        if (part === '#' || (end > first && key[end - 1] !== '.')) next.add(end);
      }
    }
    reached = next;
  });
  return reached.has(key.length);
}
