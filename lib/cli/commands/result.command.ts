import type { Cli } from '../cli.js';
import { withApp } from '../connection.js';
import { NoResultBackendError } from '../../errors.js';
import { EXIT } from '../exit-code.js';
import { tellOutcome } from '../outcome.js';
import type { GivenTo } from '../usage.js';
import type { resultUsage } from './result.usage.js';

/** How long it waits unless told. */
const WAIT_MS = 10_000;

export async function run({ flags, args: { id } }: GivenTo<typeof resultUsage>, cli: Cli): Promise<number> {
  return withApp(cli, { broker: false, backend: true }, async ({ app }) => {
    if (app.backend === undefined) throw new NoResultBackendError();
    const result = app.client.result(id);
    if (flags.children) {
      const { nodes, edges } = await result.graph();
      const rows = nodes.map((node) => [node.id, node.kind, node.state]);
      cli.output.table({ nodes, edges }, [{ title: 'ID' }, { title: 'KIND' }, { title: 'STATE' }], rows);
      return EXIT.ok;
    }
    const timeoutMs = flags.wait ? undefined : (flags.timeout ?? WAIT_MS);
    return tellOutcome(result, { timeoutMs, what: flags.traceback ? 'traceback' : 'result' }, cli);
  });
}
