import { start, type REPLServer } from 'node:repl';
import { Script, createContext } from 'node:vm';
import { once } from 'node:events';
import { inspect } from 'node:util';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { chain } from '../../canvas/chain.js';
import { chord } from '../../canvas/chord.js';
import { chunks } from '../../canvas/chunks.js';
import { group } from '../../canvas/group.js';
import { signature } from '../../canvas/from-dict.js';
import type { NamedCallOptions } from '../../client/task.client.js';
import type { CeleryApp } from '../../nest/celery.app.js';
import type { Cli } from '../cli.js';
import { withApp } from '../connection.js';
import { EXIT } from '../exit-code.js';
import { jsonOf } from '../output.js';
import type { GivenTo } from '../usage.js';
import type { shellUsage } from './shell.usage.js';

export async function run({ flags }: GivenTo<typeof shellUsage>, cli: Cli): Promise<number> {
  const { output } = cli;
  return withApp(cli, {}, async ({ app, context }) => {
    const names = {
      ...namesOf(app),
      ...(context === undefined ? {} : { context, get: context.get.bind(context) }),
    };
    if (flags.evaluate !== undefined) {
      const value: unknown = await new Script(`(async () => (${flags.evaluate}))()`, {
        filename: '--eval',
      }).runInContext(createContext({ ...globalThis, ...names }));
      output.answer(value, () =>
        typeof value === 'string' ? value : inspect(value, { colors: false, depth: 6 }),
      );
      return EXIT.ok;
    }
    output.note(`Names: ${Object.keys(names).join(', ')}. \`await\` works; .exit ends.`);
    const server: REPLServer = start({
      prompt: 'celery> ',
      useColors: output.forPeople && output.paint('red', '') !== '',
    });
    Object.assign(server.context, names);
    server.setupHistory(join(homedir(), '.nest_celery_history'), () => undefined);
    await once(server, 'exit');
    return EXIT.ok;
  });
}

function namesOf(app: CeleryApp): Record<string, unknown> {
  const { client, control } = app;
  const tasks = Object.fromEntries(app.tasks.all().map(({ name }) => [name, handle(app, name)]));
  return {
    app,
    client,
    control,
    inspect: control.inspect(),
    schedules: app.beat.schedules,
    tasks,
    chain,
    group,
    chord,
    chunks,
    signature,
    json: (value: unknown) => output(value),
  };
}

function handle({ client }: CeleryApp, name: string) {
  return {
    delay: (...args: readonly unknown[]) => client.applyAsync(name, { args }),
    applyAsync: (args: readonly unknown[] = [], options: NamedCallOptions = {}) =>
      client.applyAsync(name, { ...options, args }),
    s: (...args: readonly unknown[]) => client.signature(name, { args }),
  };
}

function output(value: unknown): string {
  return jsonOf(value);
}
