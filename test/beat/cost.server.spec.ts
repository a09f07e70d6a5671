import { describe, expect, inject, it } from 'vitest';
import { compileLib } from '../support/compiled-lib.js';
import { own, untilUp } from '../support/servers/process.js';

/** `BEAT_COST=60 npx vitest run --project servers test/beat/cost.server.spec.ts` measures for so many seconds. */
const SECONDS = Number(process.env['BEAT_COST'] ?? 0);
const ENTRIES = 10_000;

/** A beat in a process of its own, which says what it cost. */
const MEASURED = `
import { CeleryApp, readCeleryOptions } from './index.js';
import { silentLog } from './runtime/logger.js';
const [options, entries, seconds] = JSON.parse(process.argv[2]);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const schedules = [(n) => ({ kind: 'cron', expression: (n % 60) + ' * * * *' }), () => '1h',
  (n) => ({ kind: 'crontab', minute: n % 60, hour: n % 24, dayOfMonth: '*', monthOfYear: '*', dayOfWeek: '*' })];
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'];
const beatSchedule = Object.fromEntries(Array.from({ length: entries }, (_, n) =>
  ['entry ' + n, { task: 'none', schedule: schedules[n % 3](n), tz: zones[n % 4], args: [n], queue: 'nobody' }]));
globalThis.gc();
const before = process.memoryUsage();
const startedMs = performance.now();
const startCpu = process.cpuUsage();
const app = await CeleryApp.open(readCeleryOptions({ ...options, beatSchedule }), { log: silentLog });
await app.beat.start();
while (app.beat.running.status.entries < entries) await pause(10);
const cpu = (since) => { const { user, system } = process.cpuUsage(since); return (user + system) / 1000; };
const [readyMs, readyCpuMs] = [performance.now() - startedMs, cpu(startCpu)];
globalThis.gc();
const after = process.memoryUsage();
await pause(1000);
const [fromMs, fromCpu, fromSent] = [performance.now(), process.cpuUsage(), app.beat.running.status.sent];
await pause(seconds * 1000);
const share = cpu(fromCpu) / (performance.now() - fromMs);
const sent = app.beat.running.status.sent - fromSent;
const mb = (bytes) => Math.round(bytes / 1e5) / 10;
console.log('MEASURED ' + JSON.stringify({ readyMs: Math.round(readyMs), readyCpuMs: Math.round(readyCpuMs),
  cpuPercent: Math.round(share * 10000) / 100, sent, heapMb: mb(after.heapUsed - before.heapUsed),
  rssMb: mb(after.rss - before.rss), rssNowMb: mb(process.memoryUsage.rss()) }));
await app.close(0);
`;

/** Entries that tick each second on the second: how late they are published. */
const LATENESS = `
import { CeleryApp, readCeleryOptions } from './index.js';
import { silentLog } from './runtime/logger.js';
const [options, seconds] = JSON.parse(process.argv[2]);
const entry = { task: 'none', schedule: '* * * * * *', queue: 'nobody' };
const beatSchedule = Object.fromEntries(Array.from({ length: 50 }, (_, n) => ['entry ' + n, entry]));
const app = await CeleryApp.open(readCeleryOptions({ ...options, beatSchedule }), { log: silentLog });
const late = [];
app.addHook({ on: 'after-task-publish', task: undefined, source: 'test', listener: () => late.push(Date.now() % 1000) });
await app.beat.start();
await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
late.sort((a, b) => a - b);
const at = (part) => late[Math.floor(part * (late.length - 1))];
console.log('MEASURED ' + JSON.stringify({ ticks: late.length, medianMs: at(0.5), p99Ms: at(0.99), maxMs: at(1) }));
await app.close(0);
`;

describe.runIf(SECONDS > 0)(`${ENTRIES} entries`, () => {
  it.each([
    ['memory', () => ({ broker: 'memory://' })],
    ['Redis', () => ({ broker: `${inject('redisUrl')}/6`, backend: 'none' })],
  ])(
    'cost little, kept in %s',
    async (store, options) => {
      await using lib = await compileLib();
      const script = await lib.script('measured.js', MEASURED);
      const argument = JSON.stringify([options(), ENTRIES, SECONDS]);
      const beat = own([process.execPath, '--expose-gc', script, argument], process.env);
      await untilUp(
        beat,
        'measured beat',
        async () => beat.output().includes('MEASURED'),
        (SECONDS + 120) * 1_000,
      );
      const measured = /MEASURED (.*)/.exec(beat.output())?.[1] ?? '';
      await beat.end(5_000);
      console.log(`${ENTRIES} entries in ${store}, ${SECONDS} s: ${measured}`);
      const { cpuPercent, rssMb } = JSON.parse(measured) as { cpuPercent: number; rssMb: number };
      expect(cpuPercent).toBeLessThan(5);
      expect(rssMb).toBeLessThan(100);
    },
    (SECONDS + 180) * 1_000,
  );

  it(
    'come in time: 50 of them each second',
    async () => {
      await using lib = await compileLib();
      const script = await lib.script('lateness.js', LATENESS);
      const options = { broker: `${inject('redisUrl')}/6`, backend: 'none', beatName: 'lateness' };
      const beat = own([process.execPath, script, JSON.stringify([options, SECONDS])], process.env);
      await untilUp(
        beat,
        'measured beat',
        async () => beat.output().includes('MEASURED'),
        (SECONDS + 60) * 1_000,
      );
      console.log(`lateness, ${SECONDS} s: ${/MEASURED (.*)/.exec(beat.output())?.[1]}`);
      await beat.end(5_000);
    },
    (SECONDS + 120) * 1_000,
  );
});
