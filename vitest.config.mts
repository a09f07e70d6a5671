import { defineConfig } from 'vitest/config';

/** Specs that talk to real servers; started once for the run by `global-setup.ts`. */
const SERVER_SPECS = [
  'test/**/*.server.spec.ts',
  'test/broker/{amqp,redis}*.spec.ts',
  'test/backend/{redis,rpc}*.spec.ts',
  'test/interop/**/*.spec.ts',
];
/** Specs that pack the package and install it into fresh apps, or start the sample app as its user would. */
const PACKAGE_SPECS = ['test/package/**/*.spec.ts', 'test/sample-app/**/*.spec.ts'];

/** Servers and child processes share the machine with everything else on it: in CI what fails is run once more, and said to be. */
const retry = process.env['CI'] ? 1 : 0;

export default defineConfig({
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    pool: 'forks',
    isolate: false,
    coverage: { provider: 'v8', include: ['lib/**/*.ts'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.spec.ts'],
          exclude: [...SERVER_SPECS, ...PACKAGE_SPECS],
          retry,
          // None waits for anything but its own computing, which takes long where much else runs on the machine.
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: SERVER_SPECS,
          globalSetup: ['test/support/servers/global-setup.ts'],
          fileParallelism: false,
          retry,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: PACKAGE_SPECS,
          globalSetup: ['test/support/servers/global-setup.ts'],
          fileParallelism: false,
          retry,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
