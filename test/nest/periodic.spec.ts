import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import {
  CeleryModule,
  crontab,
  every,
  getScheduleClientToken,
  InjectScheduleClient,
  OnBeatEvent,
  Periodic,
  ScheduleClient,
  Task,
  Tasks,
  type CeleryOptions,
  type HookEvents,
} from '../../lib/index.js';
import { CeleryTestingModule } from '../../lib/testing/index.js';

@Tasks('reports')
class Reports {
  readonly runs: string[] = [];

  @Task()
  @Periodic('0 3 * * *', { tz: 'Europe/Berlin', args: ['nightly'] })
  @Periodic(every('12h'), { name: 'twice-daily', args: ['half'] })
  build(what: string): void {
    this.runs.push(what);
  }

  @Task()
  plain(what: string): void {
    this.runs.push(what);
  }
}

const open = (celery: CeleryOptions = {}, providers: (new () => object)[] = [Reports]) =>
  CeleryTestingModule.create({
    imports: [CeleryModule.forRoot(celery)],
    providers,
    now: new Date('2026-06-01T00:00:00Z'),
    beat: true,
  });

describe('periodic tasks in Nest', () => {
  it('are declared at the method and in the options, and run by the clock that a test holds', async () => {
    await using t = await open({
      beatSchedule: {
        noon: { task: 'reports.plain', schedule: crontab({ minute: 0, hour: 12 }), args: ['noon'] },
      },
    });
    const reports = t.app.get(Reports);
    await t.advance('59m');
    expect(reports.runs).toEqual([]);
    await t.advance('1m');
    // 03:00 in Berlin's summer.
    expect(reports.runs).toEqual(['nightly']);
    await t.advance('1d');
    expect(reports.runs.toSorted()).toEqual(['half', 'half', 'nightly', 'nightly', 'noon']);
  });

  it('are changed at run time by the schedule client', async () => {
    await using t = await open();
    const schedules = t.app.get(ScheduleClient);
    expect(t.app.get(getScheduleClientToken())).toBe(schedules);
    await schedules.upsert('minutely', { task: 'reports.plain', schedule: '1m', args: ['m'] });
    await t.advance('3m');
    expect(t.app.get(Reports).runs).toEqual(['m', 'm', 'm']);
    expect((await schedules.list()).map(({ name }) => name)).toEqual([
      'minutely',
      'reports.build',
      'twice-daily',
    ]);
    await schedules.disable('minutely');
    await t.advance('3m');
    expect(t.app.get(Reports).runs).toHaveLength(3);
    const result = await schedules.runNow('minutely');
    await t.drain();
    expect(await result.state()).toBe('SUCCESS');
    expect(await schedules.next('reports.build')).toEqual([new Date('2026-06-01T01:00:00Z')]);
  });

  it('run only where a beat is asked for', async () => {
    await using t = await CeleryTestingModule.create({
      imports: [CeleryModule.forRoot()],
      providers: [Reports],
    });
    await t.advance('2d');
    expect(t.app.get(Reports).runs).toEqual([]);
  });

  it('need a task on the same method', async () => {
    class Lone {
      @Periodic('1m')
      run(): void {}
    }
    await expect(open({}, [Lone])).rejects.toThrow(
      'Lone.run: has @Periodic() but no @Task(). Put both on it.',
    );
  });

  it('have names of their own', async () => {
    const beatSchedule = { 'reports.build': { task: 'reports.plain', schedule: '1m' } };
    await expect(open({ beatSchedule })).rejects.toThrow(
      /^beatSchedule\.reports\.build: Reports\.build in .* declares it once more\. Give one of them another name/,
    );
  });

  it('run by a beat inside any Nest process, whose hook waits first', async () => {
    @Injectable()
    class Hooked {
      readonly heard: HookEvents['beat-init'][] = [];

      constructor(@InjectScheduleClient() readonly schedules: ScheduleClient) {}

      @OnBeatEvent('beat-init')
      onInit(event: HookEvents['beat-init']): void {
        this.heard.push(event);
      }
    }
    @Module({ imports: [CeleryModule.forRoot({ beat: true })], providers: [Reports, Hooked] })
    class App {}
    const app = await Test.createTestingModule({ imports: [App] }).compile();
    await app.init();
    const hooked = app.get(Hooked);
    expect(hooked.heard).toEqual([{ store: 'memory://' }]);
    expect((await hooked.schedules.list()).map(({ name }) => name)).toEqual(['reports.build', 'twice-daily']);
    await app.close();
  });

  it.each([
    [{ beatLease: '0ms' }, 'celery.beatLease: expected 500 ms or more, got "0ms"'],
    [{ beatMaxLoopInterval: 0 }, 'celery.beatMaxLoopInterval: expected 100 ms or more, got 0'],
    [{ timezone: 'Mars' }, 'celery.timezone: "Mars" is not a time zone'],
    [{ beatSchedule: [] }, 'celery.beatSchedule: expected entries by name'],
    [{ beatName: 'a b' }, 'celery.beatName: expected letters, digits and . : @ _ -'],
    [{ beatStore: 'ftp://x' }, 'celery.beatStore: "ftp://x" is not the URL of a known store'],
  ])('refuse the options %j', async (options, message) => {
    const app = Test.createTestingModule({ imports: [CeleryModule.forRoot(options as CeleryOptions)] });
    await expect(app.compile()).rejects.toThrow(message);
  });
});
