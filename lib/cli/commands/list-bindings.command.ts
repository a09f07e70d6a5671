import type { Cli } from '../cli.js';
import { withApp } from '../connection.js';
import { EXIT } from '../exit-code.js';
import type { GivenTo } from '../usage.js';
import type { listBindingsUsage } from './list-bindings.usage.js';

export async function run(_: GivenTo<typeof listBindingsUsage>, cli: Cli): Promise<number> {
  return withApp(cli, { broker: false }, async ({ app }) => {
    const bindings = app.queues.select(undefined).flatMap(({ name, exchange, routingKey, bindings: more }) =>
      [routingKey, ...more].map((key) => ({
        queue: name,
        exchange: exchange?.name ?? '',
        type: exchange?.type ?? 'direct',
        routingKey: key,
      })),
    );
    cli.output.table(
      bindings,
      [{ title: 'QUEUE' }, { title: 'EXCHANGE' }, { title: 'TYPE' }, { title: 'ROUTING KEY' }],
      bindings.map(({ queue, exchange, type, routingKey }) => [queue, exchange, type, routingKey]),
    );
    return EXIT.ok;
  });
}
