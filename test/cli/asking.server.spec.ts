import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCli, type CliWorld } from './world.js';

let cli: CliWorld;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(async () => {
  await cli[Symbol.asyncDispose]();
});

const ENTER = '\r';
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

describe('a question before what cannot be undone', () => {
  it.each([
    { keys: `y${ENTER}`, code: 0, says: /No messages purged from 1 queue\./ },
    { keys: `n${ENTER}`, code: 1, says: /Nothing was removed\./ },
    { keys: CTRL_D, code: 1, says: /\[y\/N\] .*\r\nNothing was removed\./s },
    // What the shell writes next stands on a line of its own.
    { keys: CTRL_C, code: 130, says: /\[y\/N\] .*\r\n$/s },
  ])('answered by $keys ends with $code', async ({ keys, code, says }) => {
    const { out, ...ended } = await cli.atTerminal(['purge', '-b', 'memory://', '-Q', 'celery'], keys);
    expect(out).toMatch(says);
    expect(ended).toEqual({ code, err: '' });
  });
});

it('an application that is no JavaScript is named, without the stack of whoever read it', async () => {
  await writeFile(join(cli.folder, 'broken.mjs'), 'export class {');
  const { code, err } = await cli.run(['tasks', '-A', 'broken.mjs', '-b', 'memory://']);
  expect(err).toMatch(/^Error: --app: broken\.mjs, or what it imports, is no JavaScript: .*\n$/);
  expect(code).toBe(2);
});
