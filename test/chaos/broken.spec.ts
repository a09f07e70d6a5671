import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileLib } from '../support/compiled-lib.js';
import { BROKEN } from './broken.js';
import { SCENARIOS } from './scenarios.js';

describe('a library that is broken on purpose', () => {
  let lib: Awaited<ReturnType<typeof compileLib>>;
  beforeAll(async () => {
    lib = await compileLib();
  });
  afterAll(() => lib[Symbol.asyncDispose]());

  it.each(BROKEN)('$name: what is to be broken is there, once', async ({ damages }) => {
    for (const { file, find } of damages) {
      const source = await readFile(join(lib.folder, file), 'utf8');
      expect(source.split(find).length - 1, `${file}: ${find}`).toBe(1);
    }
  });

  it.each(BROKEN)('$name: the test that is to find it is there', ({ test, variant, on }) => {
    const found = SCENARIOS.filter(({ id, places }) => id === test && places.includes(on));
    expect(found.flatMap(({ variants }) => variants)).toContain(variant);
  });
});
