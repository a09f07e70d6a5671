import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { graphOf, isFile, sourcesUnder, type SourceGraph } from './source-graph.js';

interface Rule {
  /** The packages it is about. */
  readonly packages: RegExp;
  /** Files of `lib/` that may import them. */
  readonly allowedIn: RegExp;
}

/** Who may import what, so that a package can be replaced, or left out, by changing one place. */
const RULES: readonly Rule[] = [
  { packages: /^amqplib$/, allowedIn: /^lib\/broker\/amqp\// },
  { packages: /^ioredis$/, allowedIn: /redis/ },
  {
    packages: /^(@nestjs\/.*|rxjs)$/,
    allowedIn: /^lib\/(nest|monitor|cli|testing)\/|\.(decorator|explorer)\.ts$/,
  },
  { packages: /^reflect-metadata$/, allowedIn: /^lib\/nest\/|\.(decorator|explorer|metadata)\.ts$/ },
  { packages: /^node:(worker_threads|child_process|cluster)$/, allowedIn: /^lib\/worker\/pool\// },
];

const lib = graphOf(sourcesUnder('lib'));

describe('packages', () => {
  it('are imported where they belong', () => {
    expect(misplaced(lib)).toEqual([]);
  });

  it('are declared: whoever installs the library gets them or is asked for them', () => {
    const { dependencies = {}, peerDependencies = {} } = manifest();
    const declared = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
    expect(undeclared(lib, declared)).toEqual([]);
  });
});

describe('the test of the packages', () => {
  it('sees a package where it does not belong, however it is imported', () => {
    const wrong = graphOf(
      new Map([
        ['lib/worker/a.ts', `import { Redis } from 'ioredis';`],
        ['lib/backend/rpc.backend.ts', `import type { Channel } from 'amqplib/callback_api.js';`],
        ['lib/producer/b.ts', `const load = () => import('@nestjs/common');`],
        ['lib/client/c.ts', `import { fork } from 'node:child_process';`],
        ['lib/backend/redis.backend.ts', `import { Redis } from 'ioredis';`],
        ['lib/task/task.decorator.ts', `import { SetMetadata } from '@nestjs/common';`],
      ]),
    );

    expect(misplaced(wrong)).toEqual([
      'lib/worker/a.ts → ioredis',
      'lib/backend/rpc.backend.ts → amqplib',
      'lib/producer/b.ts → @nestjs/common',
      'lib/client/c.ts → node:child_process',
    ]);
  });

  it('sees a package that is declared nowhere', () => {
    const wrong = graphOf(
      new Map([['lib/runtime/a.ts', `import ms from 'ms';\nimport _ from 'lodash/fp.js';`]]),
    );

    expect(undeclared(wrong, new Set(['ms']))).toEqual(['lib/runtime/a.ts → lodash']);
  });
});

function misplaced(graph: SourceGraph): string[] {
  return edges(graph)
    .filter(([file, imported]) =>
      RULES.some(({ packages, allowedIn }) => packages.test(imported) && !allowedIn.test(file)),
    )
    .map(drawn);
}

function undeclared(graph: SourceGraph, declared: ReadonlySet<string>): string[] {
  return edges(graph)
    .filter(([, imported]) => !imported.startsWith('node:') && !declared.has(imported))
    .map(drawn);
}

function edges(graph: SourceGraph): (readonly [file: string, imported: string])[] {
  return [...graph].flatMap(([file, imports]) =>
    imports.filter((imported) => !isFile(imported)).map((imported) => [file, imported] as const),
  );
}

function drawn([file, imported]: readonly [string, string]): string {
  return `${file} → ${imported}`;
}

function manifest(): { dependencies?: Record<string, string>; peerDependencies?: Record<string, string> } {
  return JSON.parse(readFileSync('package.json', 'utf8'));
}
