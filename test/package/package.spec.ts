import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** A small application of its own: a task in a pool of its own, its client, and a worker in the process. `MODULES` is how it imports. */
const APP = (imports: string): string => `
${imports}

class Mail {
  async send(to, subject) {
    return \`\${subject} -> \${to}\`;
  }
}
Task({ name: 'mail.send', pool: 'own' })(Mail.prototype, 'send', Object.getOwnPropertyDescriptor(Mail.prototype, 'send'));
Injectable()(Mail);

class App {}
Module({ imports: [CeleryModule.forRoot({ worker: { pools: { own: { pool: process.argv[2], concurrency: 1 } } } })], providers: [Mail] })(App);

async function main() {
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const result = await app.get(TaskClient).of(Mail).send.delay('ada@example.com', 'Hi');
  console.log(await result.get({ timeout: '10s' }));
  await app.close();
}
void main();
`;
const ESM = `import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CeleryModule, Task, TaskClient } from 'nestjs-celery';`;
const COMMONJS = `require('reflect-metadata');
const { Injectable, Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { CeleryModule, Task, TaskClient } = require('nestjs-celery');`;

describe('the packed package', () => {
  let folder: string;
  let tarball: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'celery-package-'));
    const { stdout } = await run(npm, ['pack', '--json', '--pack-destination', folder]);
    const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [
      { filename: string; files: { path: string }[] },
    ];
    tarball = resolve(folder, packed.filename);
    expect(packed.files.map((file) => file.path).filter((path) => !path.startsWith('dist/'))).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'package.json']),
    );
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['a Nest 12 ESM application', '^12.0.0', 'module', ESM],
    ['a Nest 11 CommonJS application', '^11.0.0', 'commonjs', COMMONJS],
    ['a Nest 11 ESM application', '^11.0.0', 'module', ESM],
    ['a Nest 12 CommonJS application', '^12.0.0', 'commonjs', COMMONJS],
  ])('runs a task in %s', async (name, nest, type, imports) => {
    const app = join(folder, name.replaceAll(' ', '-'));
    await mkdir(app);
    const dependencies = {
      '@nestjs/common': nest,
      '@nestjs/core': nest,
      'reflect-metadata': '^0.2.2',
      rxjs: '^7.8.1',
      'nestjs-celery': `file:${tarball}`,
    };
    await writeFile(
      join(app, 'package.json'),
      JSON.stringify({ name: 'app', private: true, type, dependencies }),
    );
    await writeFile(join(app, 'app.js'), APP(imports));
    await run(npm, ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: app });
    const installed: unknown = JSON.parse(
      await readFile(join(app, 'node_modules/@nestjs/core/package.json'), 'utf8'),
    );
    expect(installed).toMatchObject({
      version: expect.stringMatching(new RegExp(`^${nest.slice(1, 3)}\\.`)),
    });

    for (const pool of ['async', 'threads', 'prefork']) {
      const { stdout, stderr } = await run(process.execPath, ['app.js', pool], { cwd: app, timeout: 60_000 });

      expect(stdout.trim()).toBe('Hi -> ada@example.com');
      expect(stderr).toBe('');
    }
  });
});
