import { Module } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { CeleryFactory, CeleryModule, OnBeatEvent, Periodic, Task } from '../../lib/index.js';
import { eventually } from '../support/eventually.js';

const heard: string[] = [];

class Ticking {
  static runs = 0;

  @Task('ticking')
  @Periodic('100ms')
  tick(): void {
    Ticking.runs += 1;
  }

  @OnBeatEvent('beat-init')
  alone(): void {
    heard.push('beat-init');
  }

  @OnBeatEvent('beat-embedded-init')
  embedded(): void {
    heard.push('beat-embedded-init');
  }
}

@Module({ imports: [CeleryModule.forRoot({ broker: 'memory://' })], providers: [Ticking] })
class App {}

describe('CeleryFactory', () => {
  it('starts a beat process, which says how it is', async () => {
    const beat = await CeleryFactory.createBeat(App, {
      logger: false,
      handleSignals: false,
      maxInterval: '1s',
    });
    await eventually(() => beat.status.sent > 0, { what: 'a tick', withinMs: 20_000 });
    expect(beat.status).toMatchObject({ running: true, leading: true, healthy: true, entries: 1 });
    const ended = beat.run();
    await beat.close();
    await ended;
    expect(heard.splice(0)).toEqual(['beat-init']);
  });

  it('starts a worker with a beat beside it', async () => {
    const worker = await CeleryFactory.createWorker(App, { logger: false, handleSignals: false, beat: true });
    await eventually(() => Ticking.runs > 0, { what: 'a run', withinMs: 20_000 });
    expect(heard.splice(0)).toEqual(['beat-embedded-init']);
    await worker.close(0);
  });
});
