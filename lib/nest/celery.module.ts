import {
  Inject,
  Logger,
  Module,
  type DynamicModule,
  type InjectionToken,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  type Provider,
  type Type,
} from '@nestjs/common';
import { DiscoveryModule, ModuleRef, ModulesContainer } from '@nestjs/core';
import { ScheduleClient } from '../beat/schedule.client.js';
import { TaskClient } from '../client/task.client.js';
import { ControlClient } from '../control/control.client.js';
import { InvalidOptionError } from '../errors.js';
import {
  DEFAULT_APP,
  getCeleryOptionsToken,
  getCeleryToken,
  getControlClientToken,
  getScheduleClientToken,
  getTaskClientToken,
} from '../tokens.js';
import { CeleryApp } from './celery.app.js';
import { CeleryHealthIndicator } from './celery.health-indicator.js';
import { CeleryHost } from './celery.host.js';
import { readCeleryOptions, type CeleryOptions } from './celery.options.js';
import { startLastEndFirst } from './nest-internals.js';
import { TaskExplorer } from './task.explorer.js';
import { REPLACEMENTS, type Replacements } from './replacements.js';

/** What must be known before the options are. */
export interface CeleryModuleExtras {
  /** Name of the app, where one process has several: `@InjectTaskClient(name)`. Default: the app that needs no name. */
  name?: string;
  /** Everyone may inject its `TaskClient`. Default true. */
  isGlobal?: boolean;
}

export interface CeleryOptionsFactory {
  createCeleryOptions(): CeleryOptions | Promise<CeleryOptions>;
}

/** Options that are made when the application starts. One of `useFactory`, `useClass`, `useExisting`. */
export interface CeleryAsyncOptions extends CeleryModuleExtras, Pick<ModuleMetadata, 'imports'> {
  useFactory?: (...args: never[]) => CeleryOptions | Promise<CeleryOptions>;
  inject?: readonly (InjectionToken | OptionalFactoryDependency)[];
  useClass?: Type<CeleryOptionsFactory>;
  useExisting?: Type<CeleryOptionsFactory>;
}

/**
 * Brings a Celery app into a Nest application: a `TaskClient` to inject, and a worker for its `@Task()` methods where one
 * is asked for (`worker` option, `CeleryFactory.createWorker`).
 */
@Module({
  imports: [DiscoveryModule],
  providers: [TaskExplorer, CeleryHealthIndicator],
  exports: [CeleryHealthIndicator],
})
export class CeleryModule {
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    const apps = [...modules.values()].filter(({ metatype }) => metatype === CeleryModule);
    refuseTwins(apps.flatMap(({ providers }) => [...providers.keys()]));
    startLastEndFirst(modules.values(), CeleryModule);
  }

  /** @throws InvalidOptionError for an unknown option or a bad value, with its path */
  static forRoot(options: CeleryOptions & CeleryModuleExtras = {}): DynamicModule {
    const { name = DEFAULT_APP, isGlobal = true, ...own } = options;
    return moduleOf({ name, isGlobal }, [{ provide: getCeleryOptionsToken(name), useValue: own }]);
  }

  static forRootAsync(options: CeleryAsyncOptions): DynamicModule {
    const { name = DEFAULT_APP, isGlobal = true, imports = [] } = options;
    return { ...moduleOf({ name, isGlobal }, optionsProviders(name, options)), imports };
  }
}

/** @throws InvalidOptionError when two apps have one name: each would have connections and a worker of its own */
function refuseTwins(tokens: readonly InjectionToken[]): void {
  const names = tokens
    .filter((token) => typeof token === 'string')
    .filter((token) => token.startsWith(getCeleryToken('')))
    .map((token) => token.slice(getCeleryToken('').length));
  const twin = names.find((name, index) => names.indexOf(name) !== index);
  if (twin === undefined) return;
  throw new InvalidOptionError(
    'celery.name',
    `${JSON.stringify(twin)} is the name of two apps. Import CeleryModule.forRoot() once, in the root module: it is global. Or give the other a name of its own.`,
  );
}

function moduleOf({ name, isGlobal }: Required<CeleryModuleExtras>, options: Provider[]): DynamicModule {
  const token = getCeleryToken(name);
  const client = {
    provide: getTaskClientToken(name),
    useFactory: (host: CeleryHost) => host.app.client,
    inject: [token],
  };
  const schedules = {
    provide: getScheduleClientToken(name),
    useFactory: (host: CeleryHost) => host.app.beat.schedules,
    inject: [token],
  };
  const control = {
    provide: getControlClientToken(name),
    useFactory: (host: CeleryHost) => host.app.control,
    inject: [token],
  };
  const byClass =
    name === DEFAULT_APP
      ? [
          { provide: TaskClient, useExisting: client.provide },
          { provide: ScheduleClient, useExisting: schedules.provide },
          { provide: ControlClient, useExisting: control.provide },
        ]
      : [];
  return {
    module: CeleryModule,
    global: isGlobal,
    providers: [
      ...options,
      {
        provide: token,
        useFactory: async (
          given: CeleryOptions,
          explorer: TaskExplorer,
          moduleRef: ModuleRef,
          replaced?: Replacements,
        ) => {
          const log = new Logger(name === DEFAULT_APP ? 'Celery' : `Celery:${name}`);
          const config = readCeleryOptions({ ...given, ...replaced?.options });
          const app = await CeleryApp.open(config, { log, name, ...replaced?.surroundings });
          return new CeleryHost(app, explorer, moduleRef);
        },
        inject: [
          getCeleryOptionsToken(name),
          TaskExplorer,
          ModuleRef,
          { token: REPLACEMENTS, optional: true },
        ],
      },
      client,
      schedules,
      control,
      ...byClass,
    ],
    exports: [
      token,
      client.provide,
      schedules.provide,
      control.provide,
      ...byClass.map(({ provide }) => provide),
    ],
  };
}

function optionsProviders(name: string, options: CeleryAsyncOptions): Provider[] {
  const provide = getCeleryOptionsToken(name);
  const { useFactory, useClass, useExisting, inject = [] } = options;
  if (useFactory !== undefined)
    return [{ provide, useFactory: useFactory as (...args: unknown[]) => unknown, inject: [...inject] }];
  const factory = useExisting ?? useClass;
  if (factory === undefined) {
    throw new TypeError('CeleryModule.forRootAsync needs useFactory, useClass or useExisting');
  }
  const made: Provider = {
    provide,
    useFactory: (from: CeleryOptionsFactory) => from.createCeleryOptions(),
    inject: [factory],
  };
  return useExisting === undefined ? [made, { provide: factory, useClass: factory }] : [made];
}
