import 'reflect-metadata';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadModule, moduleOfProject, readModulePlace } from '../../lib/cli/app-module.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'celery-app-'));
  await write('package.json', '{"type": "module"}');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

/** Nest's mark of a module, as `@Module()` leaves it. */
const MARKED = (name: string): string =>
  `export class ${name} {}\nReflect.defineMetadata('imports', [], ${name});\n`;

const load = async (path: string) => (await loadModule(readModulePlace(path, folder), folder)).name;

describe('the module of the application', () => {
  it('is the default export, AppModule, the one that is named, or the only one', async () => {
    await write('default.js', 'export class Other {}\nexport default class Root {}');
    await write('named.js', 'export class AppModule {}\nexport class ShopModule {}');
    await write('only.js', `${MARKED('ShopModule')}export class Helper {}`);
    await write('old.cjs', 'class AppModule {}\nmodule.exports = { AppModule };');
    expect(await load('default.js')).toBe('Root');
    expect(await load('named.js')).toBe('AppModule');
    expect(await load('named.js#ShopModule')).toBe('ShopModule');
    expect(await load('only.js')).toBe('ShopModule');
    expect(await load('old.cjs')).toBe('AppModule');
  });

  it('is asked for when it cannot be told', async () => {
    await write('two.js', `${MARKED('A')}${MARKED('B')}`);
    await write('none.js', 'export const answer = 42;');
    await expect(load('two.js')).rejects.toThrow(/several modules: A, B\. Say which: two\.js#A/);
    await expect(load('none.js')).rejects.toThrow(/exports no module\. It exports: answer/);
    await expect(load('two.js#AA')).rejects.toThrow(/exports no class "AA"\. Did you mean A\?/);
    await expect(load('missing.js')).rejects.toThrow(/no file "missing\.js".*nest build/);
    await expect(load('src/app.module.ts')).rejects.toThrow(/is TypeScript.*dist\/app\.module\.js/);
  });

  it.each([
    [
      'as nest new makes it',
      '{"sourceRoot": "src"}',
      '{"compilerOptions": {"outDir": "./dist"}}',
      'dist/app.module.js',
    ],
    [
      'with the sources kept apart',
      '{"sourceRoot": "src"}',
      '{ /* outDir */ "outDir": "build" }',
      'build/src/app.module.js',
    ],
    [
      'of a monorepo',
      '{"monorepo": true, "sourceRoot": "apps/shop/src"}',
      '{}',
      'dist/apps/shop/app.module.js',
    ],
  ])('is found by nest-cli.json, %s', async (_, nestCli, tsconfig, built) => {
    await write('nest-cli.json', nestCli);
    await write('tsconfig.json', tsconfig);
    expect(moduleOfProject(folder)).toBeUndefined();
    await write(built, 'export class AppModule {}');
    expect(moduleOfProject(folder)).toEqual({
      file: join(folder, built),
      exported: undefined,
      from: 'nest-cli.json',
    });
  });

  it('is looked for in no folder that is no Nest project', async () => {
    await write('dist/app.module.js', 'export class AppModule {}');
    expect(moduleOfProject(folder)).toBeUndefined();
    await write('nest-cli.json', 'no JSON');
    expect(moduleOfProject(folder)).toBeUndefined();
  });
});
