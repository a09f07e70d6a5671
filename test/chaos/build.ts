import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One change to a compiled file of the library. */
export interface Damage {
  /** In `lib/`, as `worker/consumer.js`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A copy of the compiled harness and library with something broken in it, beside the sound one. */
export interface BrokenBuild extends AsyncDisposable {
  /** The compiled `worker.ts`. */
  readonly script: string;
}

/**
 * @param built the folder that holds the compiled `lib/` and `test/`
 * @throws Error where the code to break is not there once
 */
export async function brokenBuild(built: string, damages: readonly Damage[]): Promise<BrokenBuild> {
  await mkdir(join(built, 'broken'), { recursive: true });
  const folder = await mkdtemp(join(built, 'broken', 'lib-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    for (const part of ['lib', 'test']) await cp(join(built, part), join(folder, part), { recursive: true });
    for (const { file, find, replace } of damages) {
      const path = join(folder, 'lib', file);
      const source = await readFile(path, 'utf8');
      const found = source.split(find).length - 1;
      if (found !== 1) throw new Error(`Expected once in lib/${file}, found ${found} times: ${find}`);
      await writeFile(
        path,
        source.replace(find, () => replace),
      );
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { script: join(folder, 'test', 'chaos', 'worker.js'), [Symbol.asyncDispose]: remove };
}
