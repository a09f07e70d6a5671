import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { CeleryModule, ControlClient, ControlCommand, InjectControlClient, Task } from '../../lib/index.js';
import { CeleryTestingModule } from '../../lib/testing/index.js';

@Injectable()
class Cache {
  readonly flushed: unknown[] = [];

  @ControlCommand('flush_cache')
  flush({ prefix }: Readonly<Record<string, unknown>>): object {
    if (typeof prefix !== 'string') throw new TypeError('prefix: expected a text');
    this.flushed.push(prefix);
    return { flushed: prefix };
  }

  @ControlCommand()
  async cacheSize(): Promise<number> {
    return this.flushed.length;
  }

  @Task('cache.warm')
  warm(): void {}
}

@Injectable()
class Operator {
  constructor(
    readonly control: ControlClient,
    @InjectControlClient() readonly named: ControlClient,
  ) {}
}

const imports = [CeleryModule.forRoot({ broker: 'memory://' })];
const open = (worker: object = {}) =>
  CeleryTestingModule.create({
    imports,
    providers: [Cache, Operator],
    worker: { hostname: 'w1@test', ...worker },
  });

describe('the control client', () => {
  it('is injected, and reaches commands of the application beside those of Celery', async () => {
    await using t = await open();
    const { control, named } = t.app.get(Operator);
    const w1 = { destination: 'w1@test' };

    expect(named).toBe(control);
    expect(await control.ask('flush_cache', { prefix: 'a' }, w1)).toEqual([
      { hostname: 'w1@test', value: { flushed: 'a' }, error: undefined },
    ]);
    expect(t.app.get(Cache).flushed).toEqual(['a']);
    expect(await control.ask('cacheSize', {}, w1)).toMatchObject([{ value: 1 }]);
    expect(await control.ask('flush_cache', {}, w1)).toMatchObject([
      { error: "TypeError('prefix: expected a text')" },
    ]);
    expect(await control.inspect(w1).registered()).toMatchObject([{ value: ['cache.warm'] }]);
  });

  it('waits for all workers once, and for those it knows from then on', async () => {
    await using t = await open();
    const { control } = t.app.get(Operator);
    let replies: unknown;
    const asked = control
      .inspect()
      .ping()
      .then((came) => (replies = came));
    await t.clock.advance(999);
    expect(replies).toBeUndefined();
    await t.clock.advance(1);
    await asked;
    expect(replies).toMatchObject([{ hostname: 'w1@test', value: 'pong' }]);

    expect(await control.inspect().ping()).toMatchObject([{ value: 'pong' }]);
  });

  it('is refused what the allow list leaves out', async () => {
    await using t = await open({ remoteControl: ['ping', 'cacheSize'] });
    const { control } = t.app.get(Operator);
    const w1 = { destination: 'w1@test' };

    expect(await control.inspect(w1).ping()).toMatchObject([{ value: 'pong' }]);
    expect(await control.ask('cacheSize', {}, w1)).toMatchObject([{ value: 0 }]);
    expect(await control.fleet(w1).poolGrow(3)).toMatchObject([
      { error: 'this worker does not allow the command' },
    ]);
  });

  it("shows settings in Celery's names and units, those that differ, and no secrets", async () => {
    await using t = await CeleryTestingModule.create({
      imports: [
        CeleryModule.forRoot({
          taskAcksLate: true,
          resultExpires: '2h',
          brokerTransportOptions: { password: 'hidden' },
        }),
      ],
      providers: [Cache],
      worker: { hostname: 'w1@test', shutdownGrace: '5s' },
    });
    const control = t.app.get(ControlClient);
    const [reply] = await control.inspect({ destination: 'w1@test' }).conf();

    expect(reply?.value).toMatchObject({
      broker_url: 'memory://',
      result_expires: 7_200,
      task_acks_late: true,
      worker_shutdown_grace: 5,
      broker_transport_options: { password: '********' },
    });
    expect(reply?.value).not.toHaveProperty('task_track_started');
    const [all] = await control.inspect({ destination: 'w1@test' }).conf({ withDefaults: true });
    expect(all?.value).toHaveProperty('task_track_started', false);
  });
});

it("a command that takes a name of Celery's is refused when the application starts", async () => {
  class Rogue {
    @ControlCommand('ping')
    ping(): string {
      return 'no';
    }
  }
  await expect(CeleryTestingModule.create({ imports, providers: [Rogue] })).rejects.toThrow(
    /Rogue\.ping: the remote command "ping" is one of Celery's/,
  );
});
