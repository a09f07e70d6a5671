import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { INSPECT_COMMANDS } from '../../lib/cli/remote-commands.js';
import { eventually } from '../support/eventually.js';
import { startPythonWorker } from '../support/python.js';
import type { OwnedProcess } from '../support/servers/process.js';
import { openCli, type CliWorld } from './world.js';

const redis = (db: number): string => `${inject('redisUrl')}/${db}`;

let cli: CliWorld;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(async () => {
  await cli[Symbol.asyncDispose]();
});

describe.each([
  { name: 'Redis', broker: () => redis(9) },
  { name: 'RabbitMQ', broker: () => inject('rabbitUrl') },
])('nest-celery on $name', ({ broker }) => {
  const run8 = randomUUID().slice(0, 8);
  const [queue, pyQueue, idle] = [`cli-${run8}`, `cli-py-${run8}`, `cli-idle-${run8}`];
  const [ours, python] = [`w1@${run8}`, `py@${run8}`];
  let env: NodeJS.ProcessEnv;
  let worker: OwnedProcess;
  let pyWorker: Awaited<ReturnType<typeof startPythonWorker>>;

  beforeAll(async () => {
    const urls = { broker: broker(), backend: redis(10) };
    env = { CELERY_BROKER_URL: urls.broker, CELERY_RESULT_BACKEND: urls.backend, FIXTURE_QUEUE: queue };
    pyWorker = await startPythonWorker(urls, [pyQueue], python);
    const files = [
      '--pidfile',
      join(cli.folder, `${run8}.pid`),
      '--health-file',
      join(cli.folder, `${run8}.health`),
    ];
    worker = await cli.worker(['-n', ours, '-c', '2', '--shutdown-grace', '0', ...files], env);
  }, 90_000);

  afterAll(async () => {
    await worker.end(10_000);
    await pyWorker[Symbol.asyncDispose]();
  });

  const run = (...argv: string[]) => cli.run(argv, env);
  const json = async (...argv: string[]) => {
    const { out, code } = await run(...argv, '--json');
    return { code, value: JSON.parse(out) as Record<string, unknown> };
  };

  it('calls a task and waits for its result', async () => {
    expect(await run('call', 'cli.add', '-a', '[2, 3]', '--queue', queue, '--wait', '-t', '25')).toEqual({
      code: 0,
      out: '5\n',
      err: '',
    });
    expect(await run('call', 'py.add', '-a', '[2, 3]', '--queue', pyQueue, '--wait', '-t', '25')).toEqual({
      code: 0,
      out: '5\n',
      err: '',
    });
  });

  it('says, while it waits, that nobody takes the task, and what to do', async () => {
    const alone = `${idle}-alone`;
    const { code, out, err } = await run('call', 'cli.add', '--queue', alone, '--wait', '-t', '6');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(`consumes queue "${alone}"`);
    expect(err).toContain(`nest-celery control add_consumer ${alone}`);
    await run('purge', '-f', '-Q', alone);
  });

  it('calls with the id alone on stdout, and finds the result by it', async () => {
    const { out, code } = await run('call', 'cli.boom', '--queue', queue);
    expect(code).toBe(0);
    expect(out).toMatch(/^[\da-f-]{36}\n$/);
    const id = out.trim();

    const failed = await run('result', id, '-t', '25');
    expect(failed).toMatchObject({ code: 1, out: '' });
    expect(failed.err).toMatch(new RegExp(`^Error: Task ${id} failed: RangeError: no such user: 42`));
    expect(await run('result', id, '--traceback')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^RangeError: no such user: 42\n +at FixtureTasks\.boom/),
    });
    expect(await json('result', id)).toEqual({
      code: 1,
      value: {
        id,
        state: 'FAILURE',
        error: expect.objectContaining({ type: 'RangeError', message: 'no such user: 42' }),
        traceback: expect.stringContaining('FixtureTasks.boom'),
      },
    });
    expect(await json('result', id, '--children')).toMatchObject({
      value: { nodes: [{ id, state: 'FAILURE' }] },
    });
  });

  it('says of a result that is not there what that means', async () => {
    const { code, err } = await run('result', 'nobody', '-t', '0');
    expect(code).toBe(1);
    expect(err).toContain('PENDING, which means unknown');
    expect(await json('result', 'nobody', '-t', '0')).toEqual({
      code: 1,
      value: { id: 'nobody', state: 'PENDING' },
    });
  });

  it('warns of a name that the application has not, and refuses it with --strict', async () => {
    const strict = await run('call', 'cli.ad', '-A', cli.app, '--queue', idle, '--strict');
    expect(strict).toMatchObject({ code: 2, out: '' });
    expect(strict.err).toContain('Did you mean "cli.add"?');
    const lenient = await run('call', 'cli.ad', '-A', cli.app, '--queue', idle);
    expect(lenient).toMatchObject({ code: 0, err: expect.stringContaining('Did you mean "cli.add"?') });
  });

  it('asks the workers for the name where there is no application, with --strict', async () => {
    const { code, out, err } = await run('call', 'cli.ad', '--queue', idle, '--strict');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('no worker that answers has a task "cli.ad"');
  });

  it('shows and purges queues, the latter by force where nobody can be asked', async () => {
    await run('call', 'cli.add', '-a', '[1, 1]', '--queue', `${idle}-2`);
    expect((await json('queues', '-Q', `${idle}-2`)).value).toEqual([
      expect.objectContaining({ name: `${idle}-2`, ready: 1 }),
    ]);
    expect((await run('queues', '-Q', `${idle}-2,${queue}`)).out).toMatch(
      new RegExp(`^${idle}-2\t1\\b.*\n${queue}\t0\\b.*\n$`),
    );
    const refused = await run('purge', '-Q', `${idle}-2`);
    expect(refused).toMatchObject({ code: 2, out: '', err: expect.stringContaining('--force') });
    expect(await run('purge', '-f', '-Q', `${idle}-2`)).toMatchObject({
      code: 0,
      out: 'Purged 1 message from 1 known task queue.\n',
    });
    expect(await json('purge', '-f', '-Q', `${idle}-2`)).toEqual({
      code: 0,
      value: { purged: 0, queues: { [`${idle}-2`]: 0 } },
    });
  });

  it('shows for how long the oldest message of a queue has waited, or how long at most', async () => {
    const aged = `${idle}-aged`;
    const sentMs = Date.now();
    await run('call', 'cli.add', '-a', '[1, 1]', '--queue', aged);
    const [seen] = (await json('queues', '-Q', aged)).value as unknown as Record<string, number | null>[];
    const atMostMs = Date.now() - sentMs;
    if (env['CELERY_BROKER_URL']?.startsWith('redis')) {
      expect(seen).toMatchObject({ ready: 1, ageMs: expect.any(Number) as number, ageAtMostMs: null });
      expect(seen?.['ageMs']).toBeLessThanOrEqual(atMostMs);
      expect((await run('queues', '-Q', aged)).out).toMatch(new RegExp(`^${aged}\t1\t\\d+m?s\t`));
    } else {
      // Nobody has taken a message from it.
      expect(seen).toMatchObject({ ready: 1, ageMs: null, ageAtMostMs: null });
    }
    expect((await json('queues', '-Q', queue)).value).toEqual([
      expect.objectContaining({ name: queue, ready: 0, ageMs: null, ageAtMostMs: null }),
    ]);
    await run('purge', '-f', '-Q', aged);
  });

  it('lists bindings and tasks of the application', async () => {
    expect((await run('list', 'bindings', '-A', cli.app)).out).toMatch(new RegExp(`^${queue}\t`));
    expect((await json('tasks', '-A', cli.app)).value).toEqual([
      expect.objectContaining({ name: 'cli.add', parameters: 'a, b' }),
      expect.objectContaining({ name: 'cli.boom' }),
      expect.objectContaining({ name: 'cli.hold' }),
    ]);
  });

  it('reports without secrets', async () => {
    const { value } = await json('report', '--result-backend', 'redis://:hush@localhost:1/0');
    expect(value).toMatchObject({ software: { 'nestjs-celery': expect.any(String) } });
    expect(JSON.stringify(value)).not.toContain('hush');
  });

  it('shows the status of workers, ours and Python’s', async () => {
    const { code, value } = await json('status', '-d', `${ours},${python}`, '-t', '20');
    expect(code).toBe(0);
    expect(value).toEqual({
      nodes: [
        expect.objectContaining({ node: python, state: 'online', pool: 'prefork:2', queues: [pyQueue] }),
        expect.objectContaining({ node: ours, state: 'online', pool: 'async:2', queues: [queue] }),
      ],
      missing: [],
      elapsedMs: expect.any(Number),
    });
  });

  it('asks both everything there is to ask', async () => {
    const answers = new Map<string, Awaited<ReturnType<typeof json>>>();
    const ask = async ({ name }: (typeof INSPECT_COMMANDS)[number]): Promise<void> => {
      const words = name === 'query_task' ? ['no-such-id'] : [];
      answers.set(name, await json('inspect', name, ...words, '-d', `${ours},${python}`, '-t', '20'));
    };
    for (const pair of pairs(INSPECT_COMMANDS)) await Promise.all(pair.map(ask));
    const anything = { ok: expect.toSatisfy(() => true) };
    const both = {
      nodes: { [ours]: anything, [python]: anything },
      missing: [],
      elapsedMs: expect.any(Number),
    };
    expect(Object.fromEntries(answers)).toEqual(
      Object.fromEntries(INSPECT_COMMANDS.map(({ name }) => [name, { code: 0, value: both }])),
    );
  }, 60_000);

  it('prints the JSON of celery where that is asked for', async () => {
    const { out } = await run('inspect', 'ping', '-d', ours, '-t', '20', '--compat-json');
    expect(JSON.parse(out)).toEqual({ [ours]: { ok: 'pong' } });
    const control = await run(
      'control',
      'rate_limit',
      'cli.hold',
      '10/m',
      '-d',
      ours,
      '-t',
      '20',
      '--compat-json',
    );
    expect(JSON.parse(control.out)).toEqual([{ [ours]: { ok: 'new rate limit set successfully' } }]);
  });

  it('changes what both do, and tells which of them could not', async () => {
    const both = ['-d', `${ours},${python}`, '-t', '20'];
    expect(await json('control', 'rate_limit', 'cli.hold', '10/m', ...both)).toEqual({
      code: 1,
      value: expect.objectContaining({
        nodes: {
          [ours]: { ok: 'new rate limit set successfully' },
          [python]: { error: 'unknown task' },
        },
      }),
    });
    expect(await json('control', 'revoke', 'some-id', ...both)).toMatchObject({ code: 0 });
    expect((await json('inspect', 'revoked', ...both)).value).toMatchObject({
      nodes: { [ours]: { ok: ['some-id'] }, [python]: { ok: ['some-id'] } },
    });
    const consumers = await json('control', 'add_consumer', `${idle}-3`, ...both);
    expect(consumers).toMatchObject({ code: 0 });
    await json('control', 'cancel_consumer', `${idle}-3`, ...both);
  });

  it('names the task that may be meant, where no worker has the one given', async () => {
    const typo = await run('control', 'rate_limit', 'cli.hol', '10/m', '-d', ours, '-t', '20');
    expect(typo).toMatchObject({ code: 1, out: `${ours}\tERROR\tunknown task\n` });
    expect(typo.err).toBe('Error: No worker has a task "cli.hol". Did you mean "cli.hold"?\n');
  });

  it('shows nothing where a worker has nothing to say', async () => {
    expect(await run('control', 'heartbeat', '-d', ours, '-t', '20')).toMatchObject({
      code: 0,
      out: `${ours}\tOK\t\n`,
    });
  });

  it('ends with 69 where nobody answers, and 3 where some do not', async () => {
    const nobody = await run('inspect', 'ping', '-d', 'nobody@nowhere', '-t', '0.2');
    expect(nobody).toMatchObject({ code: 69, out: '' });
    expect(nobody.err).toContain('No nodes replied within time constraint');
    const some = await json('inspect', 'ping', '-d', `nobody@nowhere,${ours}`, '-t', '3');
    expect(some).toMatchObject({ code: 3, value: { missing: ['nobody@nowhere'] } });
  });

  it('shows tasks that run, and ends them', async () => {
    const { out } = await run('call', 'cli.hold', '--queue', queue);
    const id = out.trim();
    const active = await eventually(
      async () => {
        const found = await run('inspect', 'active', '-d', ours, '-t', '20');
        return found.out.includes(id) && found.out;
      },
      { withinMs: 25_000 },
    );
    expect(active).toMatch(new RegExp(`^${ours}\t${id}\tcli.hold\t`));
    expect(await json('control', 'terminate', 'SIGTERM', id, '-d', ours, '-t', '20')).toMatchObject({
      code: 0,
    });
    expect(await json('result', id, '-t', '25')).toMatchObject({ code: 1, value: { id, state: 'REVOKED' } });
  });

  it('asks the workers which tasks they have', async () => {
    const { out } = await run('tasks', '--workers', '-t', '5');
    expect(out).toMatch(new RegExp(`^cli\\.boom\t.*${ours}`, 'm'));
    expect(out).toMatch(new RegExp(`^py\\.add\t.*${python}`, 'm'));
  });

  it('knows how the worker is without asking anybody', async () => {
    const file = join(cli.folder, `${run8}.health`);
    // Once its first probe message has come back.
    const ready = await eventually(async () => {
      const answer = await json('health', '--health-file', file, '--ready');
      return answer.code === 0 ? answer : undefined;
    });
    expect(ready.value).toEqual({
      healthy: true,
      problem: null,
      worker: expect.objectContaining({ hostname: ours, pid: worker.pid }),
    });
    expect(await run('health', '--health-file', `${file}.not`)).toMatchObject({ code: 1 });
    expect(await readFile(join(cli.folder, `${run8}.pid`), 'utf8')).toBe(`${worker.pid}\n`);
  });

  it('shows a banner, with what the worker consumes and has', () => {
    expect(worker.output()).toMatch(/nest-celery [\d.]+ {2}w1@/);
    expect(worker.output()).toMatch(new RegExp(`\\[queues\\]\n +\\.> ${queue} `));
    expect(worker.output()).toMatch(/\[tasks\]\n +\. cli\.add\n +\. cli\.boom/);
    expect(worker.output()).not.toContain('\u001B');
  });

  it('tells events as lines and as JSON, ours and Python’s', async () => {
    const lines = cli.start(['events', '--dump', '--enable'], env);
    const objects = cli.start(['events', '--json', '--types', 'task-succeeded'], env);
    const read = () =>
      objects
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const wanted = [
      new RegExp(`^${ours} \\[.*\\] task succeeded: cli\\.add\\(.*result=3, `, 'm'),
      new RegExp(`^${python} \\[.*\\] task succeeded: py\\.add\\(.*result=3, `, 'm'),
      /^\S+ \[.*\] heartbeat: active=\d+, clock=\d+, freq=/m,
    ];
    await eventually(
      async () => {
        // Sent again and again: nobody says when both listen.
        await run('call', 'cli.add', '-a', '[1, 2]', '--queue', queue);
        await run('call', 'py.add', '-a', '[1, 2]', '--queue', pyQueue);
        const heard = new Set(read().map(({ hostname }) => hostname));
        return wanted.every((line) => line.test(lines.output())) && heard.has(ours) && heard.has(python);
      },
      { withinMs: 50_000, what: 'an event of each' },
    );
    expect(new Set(read().map(({ type }) => type))).toEqual(new Set(['task-succeeded']));
    lines.signal('SIGINT');
    objects.signal('SIGINT');
    await eventually(() => !lines.running && !objects.running, { withinMs: 25_000 });
  }, 90_000);

  it('shows what was quarantined, sends it back at a rate, and discards it', async () => {
    const { out } = await run('call', 'cli.unknown', '--queue', queue);
    const id = out.trim();
    const where = ['-Q', queue];
    const listed = await eventually(
      async () => {
        const found = await run('quarantine', 'list', ...where);
        return found.out.includes(id) && found.out;
      },
      { withinMs: 25_000 },
    );
    expect(listed).toContain(`\t${queue}\tcli.unknown\t${id}\tTask "cli.unknown" is not registered.`);
    expect(await json('quarantine', 'show', id, ...where)).toMatchObject({
      code: 0,
      value: {
        taskId: id,
        from: queue,
        headers: { task: 'cli.unknown' },
        body: expect.stringContaining('[[],'),
      },
    });
    expect(await run('quarantine', 'show', 'nobody', ...where)).toMatchObject({ code: 1, out: '' });
    expect(await json('quarantine', 'replay', '--task', 'other.*', ...where)).toMatchObject({
      value: { replayed: [] },
    });
    expect(await json('quarantine', 'replay', '--task', 'cli.*', '--rate', '50/s', ...where)).toEqual({
      code: 0,
      value: { replayed: [id], failed: [] },
    });
    await eventually(async () => (await run('quarantine', 'list', ...where)).out.includes(id), {
      withinMs: 25_000,
    });
    expect(await run('quarantine', 'discard', ...where)).toMatchObject({ code: 2 });
    expect(await run('quarantine', 'discard', id, '-f', ...where)).toMatchObject({
      code: 0,
      out: 'Discarded 1 message.\n',
    });
    expect((await run('quarantine', 'list', ...where)).out).toBe('');
  }, 60_000);

  it('finds nothing wrong where nothing is', async () => {
    const { code, value } = await json('doctor', '-A', cli.app, '-t', '5');
    const findings = value as unknown as { state: string; what: string; found: string }[];
    expect(findings.filter(({ state }) => state === 'fail')).toEqual([]);
    expect(code).toBe(0);
    const found = new Map(findings.map((each) => [each.what, each.found]));
    expect(found.get('probe')).toMatch(/a message to itself took \d+ ms/);
    expect(found.get('result backend')).toContain('stored and read a result');
    expect(found.get('workers')).toContain(ours);
    expect(found.get('tasks')).toBe('workers have all 3 of the application');
  }, 60_000);

  it('draws the workers, and a workflow as it stands', async () => {
    const dot = await run('graph', 'workers', '-d', `${ours},${python}`, '-t', '20');
    expect(dot.out).toMatch(new RegExp(`^digraph .*${python}.*${ours}`, 's'));
    const { out } = await run('call', 'cli.add', '-a', '[1, 2]', '--queue', queue);
    const id = out.trim();
    await run('result', id, '-t', '25');
    expect((await run('graph', 'result', id, '--format', 'mermaid')).out).toMatch(
      new RegExp(`^flowchart .*${id}.*SUCCESS`, 's'),
    );
  });

  it('runs code with the application', async () => {
    expect(await run('shell', '-A', cli.app, '-e', 'Object.keys(tasks).join()')).toMatchObject({
      code: 0,
      out: 'cli.add,cli.boom,cli.hold\n',
    });
    const code = 'await (await tasks["cli.add"].delay(20, 22)).get({ timeout: 25 })';
    expect((await run('shell', '-A', cli.app, '-e', code)).out).toBe('42\n');
  });

  it('sends periodic tasks, and shows, runs and pauses them', async () => {
    const store = broker().startsWith('redis') ? redis(11) : join(cli.folder, `${run8}.jsonl`);
    const withStore = ['-A', cli.app, '-s', store];
    expect((await run('schedule', 'list', ...withStore)).out).toMatch(
      /^sum\tcli\.add\tevery 1h\t\d{4}-.*\t0\ton\n$/,
    );
    const beat = await cli.beat(withStore.slice(2), env);
    try {
      expect((await json('schedule', 'next', 'sum', '-n', '2', ...withStore)).value).toHaveLength(2);
      const { out } = await run('schedule', 'run', 'sum', ...withStore);
      expect((await run('result', out.trim(), '-t', '25')).out).toBe('3\n');
      expect(await run('schedule', 'pause', 'sum', ...withStore)).toMatchObject({
        code: 0,
        out: 'sum paused.\n',
      });
      expect((await json('schedule', 'list', ...withStore)).value).toEqual([
        expect.objectContaining({ name: 'sum', enabled: false }),
      ]);
      expect(await run('schedule', 'resume', 'sum', ...withStore)).toMatchObject({ code: 0 });
      const typo = await run('schedule', 'pause', 'sun', ...withStore);
      expect(typo).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean "sum"?') });
    } finally {
      await beat.end(10_000);
    }
  }, 60_000);

  it('pauses a queue, shows that, and resumes it', async () => {
    const both = ['-d', `${ours},${python}`, '-t', '20'];
    expect(await json('control', 'pause_queue', queue, ...both)).toMatchObject({
      code: 0,
      value: { nodes: { [ours]: { ok: `queue ${queue} paused` }, [python]: { ok: 'does not consume it' } } },
    });
    expect((await json('queues', '-Q', queue, '--without-workers')).value).toMatchObject([{ paused: true }]);
    expect(await json('control', 'resume_queue', queue, ...both)).toMatchObject({ code: 0 });
    expect((await json('queues', '-Q', queue, '--without-workers')).value).toMatchObject([{ paused: false }]);
  });

  it('stops a worker by a command, warmly', async () => {
    const name = `w2@${run8}`;
    const other = await cli.worker(['-n', name, '-Q', idle], env);
    expect(await run('control', 'shutdown', '-d', name)).toMatchObject({ code: 2 });
    expect(await run('control', 'shutdown', '-d', name, '--force')).toMatchObject({ code: 0 });
    await eventually(() => !other.running, { withinMs: 25_000 });
    expect(other.output()).toContain(`${name} stopped`);
  });
});

describe('nest-celery without what it needs', () => {
  it.each([
    [['queues', '-b', 'redis://127.0.0.1:1'], 69, /cannot be reached/],
    [['queues', '-b', 'amqp://127.0.0.1:1'], 69, /cannot be reached/],
    [['result', 'x', '-b', 'memory://', '--result-backend', 'redis://127.0.0.1:1'], 69, /127\.0\.0\.1:1/],
    [['queues', '-b', 'amp://localhost'], 2, /Did you mean amqp/],
    [['queues'], 2, /--broker: is needed/],
    [['worker'], 2, /--app: is needed/],
    [['worker', '-A', 'nowhere.js'], 2, /there is no file "nowhere.js"/],
    [['worker', '-A', 'app.module.ts'], 2, /is TypeScript/],
    [['worker', '--detach'], 2, /--detach: is not supported/],
    [['result', 'x', '-b', 'memory://', '--result-backend', 'none'], 2, /No result backend/],
    [['inspect', 'pin', '-b', 'memory://'], 2, /Did you mean ping/],
    [['control', 'rate_limit', 'x', '-b', 'memory://'], 2, /expected <task> <rate>/],
  ] as const)('%j ends with %d', async (argv, code, said) => {
    const ended = await cli.run(argv);
    expect(ended).toEqual({ code, out: '', err: expect.stringMatching(said) });
    expect(ended.err).toMatch(/^Error: /);
    expect(ended.err).not.toMatch(/^ +at /m);
  });
});

function pairs<T>(items: readonly T[]): (readonly T[])[] {
  return items.flatMap((_, index) => (index % 2 === 0 ? [items.slice(index, index + 2)] : []));
}
