import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * The library as plain JavaScript in a folder of its own, for tests that start a process to kill it. Types are not
 * checked: that is another test's job.
 * @param folders default: all
 */
export async function compileLib(folders?: readonly string[]) {
  const folder = join(ROOT, 'node_modules', '.cache', `nestjs-celery-${process.pid}-${performance.now()}`);
  const lib = join(ROOT, 'lib');
  const files = (await readdir(lib, { recursive: true })).filter(
    (file) =>
      file.endsWith('.ts') &&
      (folders === undefined || !file.includes('/') || folders.some((name) => file.startsWith(`${name}/`))),
  );
  const { options } = ts.convertCompilerOptionsFromJson(
    { target: 'ES2023', module: 'ESNext', experimentalDecorators: true, emitDecoratorMetadata: true },
    ROOT,
  );
  await Promise.all(
    files.map(async (file) => {
      const { outputText } = ts.transpileModule(await readFile(join(lib, file), 'utf8'), {
        compilerOptions: options,
      });
      const to = join(folder, file.replace(/\.ts$/, '.js'));
      await mkdir(dirname(to), { recursive: true });
      await writeFile(to, outputText);
    }),
  );
  await writeFile(join(folder, 'package.json'), '{"type": "module"}');
  return {
    folder,
    /** One more TypeScript file, whose imports of `lib/` become those of the folder. */
    async compile(file: string, name: string): Promise<string> {
      const source = (await readFile(file, 'utf8')).replaceAll(/(['"])(?:\.\.\/)+lib\//g, '$1./');
      const { outputText } = ts.transpileModule(source, { compilerOptions: options });
      await writeFile(join(folder, name), outputText);
      return join(folder, name);
    },
    async script(name: string, source: string): Promise<string> {
      await writeFile(join(folder, name), source);
      return join(folder, name);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
