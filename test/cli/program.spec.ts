import { describe, expect, it } from 'vitest';
import { COMMANDS, FAMILIES } from '../../lib/cli/command.table.js';
import { parse } from '../../lib/cli/program.js';
import { recordingTerminal } from './recording-terminal.js';

const run = async (...argv: string[]) => {
  const { terminal, written } = recordingTerminal();
  const parsed = await parse(argv, COMMANDS, FAMILIES, terminal);
  return { parsed, ...written };
};

const given = async (...argv: string[]) => {
  const { parsed, err } = await run(...argv);
  if (parsed.kind !== 'run') throw new Error(`not run: ${err}`);
  return {
    command: parsed.entry.name,
    flags: Object.fromEntries(parsed.given.flags),
    words: parsed.given.words,
    globals: Object.fromEntries(parsed.globals),
  };
};

describe('the command line', () => {
  it('finds the command, its words and its flags', async () => {
    expect(await given('call', 'math.add', '-a', '[2, 2]', '--countdown', '5')).toEqual({
      command: 'call',
      flags: { args: '[2, 2]', countdown: '5' },
      words: ['math.add'],
      globals: {},
    });
  });

  it('takes what all commands take before the command, as Celery does, or after it', async () => {
    const before = await given('-A', 'dist/app.js', '-b', 'memory://', 'purge', '-f');
    const after = await given('purge', '-A', 'dist/app.js', '-f', '-b', 'memory://');

    expect(before.globals).toEqual({ app: 'dist/app.js', broker: 'memory://' });
    expect(after).toEqual(before);
  });

  it('lets what stands after the command win', async () => {
    expect((await given('-b', 'redis://a', 'purge', '-b', 'redis://b')).globals).toEqual({
      broker: 'redis://b',
    });
  });

  it('finds commands of two words', async () => {
    expect(await given('list', 'bindings', '--json')).toMatchObject({
      command: 'list bindings',
      globals: { json: '' },
    });
  });

  it('joins names that are given one by one', async () => {
    expect((await given('worker', '-Q', 'mail', '-Q', 'slow,urgent')).flags).toEqual({
      queues: 'mail,slow,urgent',
    });
  });

  it('knows a flag without its optional value, and one that turns something off', async () => {
    expect(await given('queues', '--watch', '--no-color')).toMatchObject({
      flags: { watch: '' },
      globals: { noColor: '' },
    });
    expect((await given('queues', '--watch=5s')).flags).toEqual({ watch: '5s' });
  });

  it.each([
    [['cal'], /unknown command 'cal'.*call/s],
    [['purge', '--forc'], /unknown option '--forc'.*--force/s],
    [['list', 'bindngs'], /unknown command 'bindngs'.*bindings/s],
    [['call'], /missing required argument 'task'/],
    [['call', 'a', 'b'], /too many arguments/],
    [['call', 'a', '--args'], /argument missing/],
  ])('refuses %j, and says what was probably meant', async (argv, said) => {
    const { parsed, err, out } = await run(...argv);
    expect(parsed).toEqual({ kind: 'done', exitCode: 2 });
    expect(err).toMatch(said);
    expect(err).toMatch(/^Error: .*--help/s);
    expect(out).toBe('');
  });

  it('without a command writes the help, and is a mistake', async () => {
    const { parsed, err } = await run();
    expect(parsed).toEqual({ kind: 'done', exitCode: 2 });
    expect(err).toContain('Usage: nest-celery');
  });

  it('writes version and help to stdout', async () => {
    expect(await run('--version')).toEqual({
      parsed: { kind: 'done', exitCode: 0 },
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      err: '',
    });
    const { parsed, out } = await run('--help');
    expect(parsed).toEqual({ kind: 'done', exitCode: 0 });
    expect(out).toMatch(/Exit codes:\n +0 +done\n/);
    for (const { name } of COMMANDS) expect(out).toContain(name.split(' ')[0]);
  });
});

describe('the table of commands', () => {
  it.each(COMMANDS.map((entry) => [entry.name, entry] as const))('%s has a help', async (name) => {
    const { out, parsed } = await run(...name.split(' '), '--help');
    expect(parsed).toEqual({ kind: 'done', exitCode: 0 });
    expect(out).toContain('Examples:');
    expect(out).toContain('Flags of all commands:');
  });

  it.each(COMMANDS.map((entry) => [entry.name, entry] as const))(
    '%s has no flag that all commands have too',
    async (_, entry) => {
      const { flags } = await entry.usage();
      const shorts = Object.values(flags).flatMap(({ term }) => term.match(/^-\w/) ?? []);
      expect(shorts.filter((short) => ['-A', '-b', '-j', '-C', '-q', '-h'].includes(short))).toEqual([]);
      expect(new Set(shorts).size).toBe(shorts.length);
    },
  );

  it('says what Celery has and it has not', async () => {
    const { parsed, err } = await run('multi', 'start', 'w1', '-c', '3');
    expect(parsed).toEqual({ kind: 'done', exitCode: 2 });
    expect(err).toMatch(/^Error: celery multi is not here: let systemd/);
    expect((await run('--help')).out).not.toContain('multi');
  });

  it('leaves what is refused out of the help', async () => {
    expect((await run('worker', '--help')).out).not.toContain('--detach');
  });
});
