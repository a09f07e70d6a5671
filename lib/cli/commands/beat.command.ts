import { CeleryFactory } from '../../nest/celery.factory.js';
import { VERSION } from '../../runtime/version.js';
import { loadModule } from '../app-module.js';
import type { Cli } from '../cli.js';
import { modulePlace } from '../connection.js';
import { EXIT } from '../exit-code.js';
import { givenOptions, storeOption } from '../given-options.js';
import { hostIn, withReplacements } from '../nest-app.js';
import { nestLogger } from '../nest-logger.js';
import type { GivenTo } from '../usage.js';
import type { beatUsage } from './beat.usage.js';

export async function run({ flags }: GivenTo<typeof beatUsage>, cli: Cli): Promise<number> {
  const place = modulePlace(cli, 'module');
  if (place === undefined) return EXIT.usage;
  const options = { ...givenOptions(cli), ...storeOption(flags.schedule), worker: false, beat: false };
  const module = withReplacements(await loadModule(place, cli.folder), options);
  const { appName } = cli.globals;
  const beat = await CeleryFactory.createBeat(module, {
    ...(appName === undefined ? {} : { app: appName }),
    ...(flags.pidfile === undefined ? {} : { pidFile: flags.pidfile }),
    ...(flags.maxInterval === undefined ? {} : { maxInterval: `${flags.maxInterval}ms` }),
    logger: nestLogger(flags, cli),
  });
  if (!flags.withoutBanner && flags.logFormat !== 'json' && !cli.globals.quiet) {
    const { app } = hostIn(beat.app, cli);
    const { paint } = cli.output;
    cli.output.raw(
      [
        `${paint('green', 'nest-celery beat')} ${VERSION}`,
        `  .> app:       ${place.file}`,
        `  .> transport: ${app.broker.url}`,
        '',
      ].join('\n'),
    );
  }
  await beat.run();
  return Number(process.exitCode ?? EXIT.ok);
}
