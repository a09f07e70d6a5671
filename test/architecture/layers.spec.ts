import { describe, expect, it } from 'vitest';
import { cycles, partOf, rowOf, upwardImports } from './layers.js';
import { graphOf, isFile, sourcesUnder } from './source-graph.js';

const lib = graphOf(sourcesUnder('lib'));

describe('the layers of lib', () => {
  it('have a place for every file', () => {
    expect([...lib.keys()].filter((file) => rowOf(partOf(file)) === -1)).toEqual([]);
  });

  it('import from rows below their own only', () => {
    expect(upwardImports(lib)).toEqual([]);
  });

  it('import in no circle', () => {
    expect(cycles(lib)).toEqual([]);
  });

  it('import no file that does not exist', () => {
    const missing = [...lib].flatMap(([file, imports]) =>
      imports
        .filter((imported) => isFile(imported) && !lib.has(imported))
        .map((imported) => `${file} → ${imported}`),
    );
    expect(missing).toEqual([]);
  });

  it('have no barrel but the public ones', () => {
    const barrels = [...lib.keys()].filter((file) => /(^|\/)index\.ts$/.test(file));
    expect(barrels.filter((file) => !['lib/index.ts', 'lib/testing/index.ts'].includes(file))).toEqual([]);
  });
});

describe('the test of the layers', () => {
  it('sees an upward and a sideways import, also of types, in calls and in re-exports', () => {
    const wrong = graphOf(
      new Map([
        ['lib/message/a.ts', `import type { B } from '../broker/b.js';`],
        ['lib/broker/b.ts', `export { c } from '../backend/c.js';`],
        ['lib/backend/c.ts', `export const c = () => import('../worker/d.js');`],
        ['lib/worker/d.ts', `let e: import('../client/e.js').E;`],
        ['lib/client/e.ts', `import { f } from '../errors.js';\nimport './own.js';`],
      ]),
    );

    expect(upwardImports(wrong)).toEqual([
      'lib/message/a.ts → lib/broker/b.ts',
      'lib/broker/b.ts → lib/backend/c.ts',
      'lib/backend/c.ts → lib/worker/d.ts',
      'lib/worker/d.ts → lib/client/e.ts',
    ]);
  });

  it('sees a circle, once, and what is none', () => {
    const wrong = graphOf(
      new Map([
        ['lib/worker/a.ts', `import './b.js';\nimport './c.js';`],
        ['lib/worker/b.ts', `import './c.js';`],
        ['lib/worker/c.ts', `import type { A } from './a.js';`],
        ['lib/worker/d.ts', `import './a.js';`],
      ]),
    );

    expect(cycles(wrong)).toEqual(['lib/worker/a.ts → lib/worker/b.ts → lib/worker/c.ts → lib/worker/a.ts']);
  });

  it('is not misled by comments and texts', () => {
    const right = graphOf(
      new Map([['lib/message/a.ts', `// import '../worker/b.js'\nconst text = "import '../worker/b.js'";`]]),
    );

    expect(upwardImports(right)).toEqual([]);
  });
});
