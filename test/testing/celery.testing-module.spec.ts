import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { CeleryModule, Task, TaskContext, Tasks } from '../../lib/index.js';
import { CeleryTestingModule } from '../../lib/testing/index.js';

@Injectable()
class Mailer {
  readonly sent: string[] = [];
  deliver(to: string): void {
    this.sent.push(to);
  }
}

@Injectable()
@Tasks({ prefix: 'mail', queue: 'mail' })
class MailTasks {
  constructor(private readonly mailer: Mailer) {}

  @Task()
  send(to: string): void {
    this.mailer.deliver(to);
  }

  @Task({ name: 'mail.reminder', queue: 'slow', maxRetries: 2, defaultRetryDelay: '10m' })
  reminder(task: TaskContext, to: string): number {
    if (task.retries < 2) task.retry();
    this.mailer.deliver(to);
    return task.retries;
  }
}

@Injectable()
@Tasks({ prefix: 'image', pool: 'cpu' })
class ImageTasks {
  @Task()
  scale(): number {
    return process.pid;
  }
}

// An application as users write it: of a real broker, which a test must never touch.
@Module({
  imports: [CeleryModule.forRoot({ broker: 'amqp://127.0.0.1:1', backend: 'redis://127.0.0.1:1' })],
  providers: [MailTasks, ImageTasks, Mailer],
})
class App {}

describe('CeleryTestingModule', () => {
  it('runs tasks of every queue on the embedded broker, whatever broker the application names', async () => {
    await using t = await CeleryTestingModule.create({ imports: [App] });
    await t.client.of(MailTasks).send.delay('ada');
    await t.client.of(MailTasks).send.delay('grace');
    await t.drain();
    expect(t.app.get(Mailer).sent).toEqual(['ada', 'grace']);
  });

  it('runs tasks of every pool in this process, and says nothing about it', async () => {
    const said: unknown[] = [];
    const say = (message: unknown): void => void said.push(message);
    const logger = { log: () => undefined, warn: say, error: say };
    await using t = await CeleryTestingModule.create({ imports: [App], logger });
    const result = await t.client.of(ImageTasks).scale.delay();
    await t.drain();
    expect(await result.get()).toBe(process.pid);
    expect(said).toEqual([]);
  });

  it('runs what is due later only when the clock is moved there', async () => {
    await using t = await CeleryTestingModule.create({ imports: [App] });
    const result = await t.client.of(MailTasks).send.applyAsync(['ada'], { countdown: '3d' });
    await t.advance('2d');
    expect(await result.state()).toBe('PENDING');
    await t.advance('1d');
    expect(await result.successful()).toBe(true);
  });

  it('runs retries as time passes', async () => {
    await using t = await CeleryTestingModule.create({ imports: [App] });
    const result = await t.client.of(MailTasks).reminder.delay('ada');
    await t.drain();
    expect(await result.state()).toBe('RETRY');
    await t.advance('10m');
    expect(await result.state()).toBe('RETRY');
    await t.advance('10m');
    expect(await result.get()).toBe(2);
  });

  it('lets the test replace providers', async () => {
    const sent: string[] = [];
    const fake = { deliver: (to: string) => void sent.push(`fake ${to}`) };
    await using t = await CeleryTestingModule.create({
      imports: [App],
      override: (builder) => builder.overrideProvider(Mailer).useValue(fake),
    });
    await t.client.of(MailTasks).send.delay('ada');
    await t.drain();
    expect(sent).toEqual(['fake ada']);
  });

  it('keeps two applications under test apart', async () => {
    await using one = await CeleryTestingModule.create({ imports: [App] });
    await using two = await CeleryTestingModule.create({ imports: [App] });
    await one.client.of(MailTasks).send.delay('ada');
    await Promise.all([one.drain(), two.drain()]);
    expect(one.app.get(Mailer).sent).toEqual(['ada']);
    expect(two.app.get(Mailer).sent).toEqual([]);
  });
});
