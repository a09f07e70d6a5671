import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

/** The TypeScript blocks of a Markdown text: file name (its first line's comment, else its place) → code. */
function codeBlocks(markdown: string): Map<string, string> {
  const blocks = new Map<string, string>();
  for (const [, code = ''] of markdown.matchAll(/^```ts\n(.*?)^```/gms)) {
    const name = /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? `block-${blocks.size + 1}.ts`;
    blocks.set(name, `${blocks.get(name) ?? ''}${code}\nexport {};\n`);
  }
  return blocks;
}

async function compile(blocks: Map<string, string>): Promise<string> {
  await mkdir('.cache', { recursive: true });
  const folder = await mkdtemp(join('.cache', 'docs-'));
  try {
    for (const [name, code] of blocks) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), code);
    }
    const options = {
      rootDir: '../..',
      paths: {
        'nestjs-celery': ['../../lib/index.ts'],
        'nestjs-celery/testing': ['../../lib/testing/index.ts'],
      },
    };
    const config = { extends: '../../tsconfig.json', compilerOptions: options, include: ['**/*.ts'] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const { stdout } = await run('npx', ['tsc', '-p', folder, '--noEmit', '--pretty', 'false']).catch(
      (failed: { stdout: string }) => failed,
    );
    return stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('README', () => {
  it('has code blocks that compile against the library', { timeout: 60_000 }, async () => {
    const blocks = codeBlocks(await readFile('README.md', 'utf8'));
    expect(blocks.size).toBeGreaterThan(3);
    expect(await compile(blocks)).toBe('');
  });

  it('would be refused with a code block that does not compile', { timeout: 60_000 }, async () => {
    const wrong = "import { TaskClient } from 'nestjs-celery';\nexport const n: number = TaskClient;\n";
    expect(await compile(new Map([['wrong.ts', wrong]]))).toContain('error TS2322');
  });

  it('shows a first task in under 30 lines', async () => {
    const readme = await readFile('README.md', 'utf8');
    const first = /^```ts\n(.*?)^```/ms.exec(readme)?.[1] ?? '';
    expect(first.split('\n').length).toBeLessThan(30);
    expect(first).toContain('@Task');
  });
});
