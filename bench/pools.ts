import { availableParallelism, cpus } from 'node:os';
import { CeleryApp, readCeleryOptions, type PoolKind } from 'nestjs-celery';
import { silentLog } from '../lib/runtime/logger.js';

// What pools are for: CPU-bound work on one child and on two, the event loop of the worker meanwhile, and a task that never
// ends among others. Children run this script too, up to `startWorker`: node bench/dist/bench/pools.js

/** About 20 ms of computing. */
function burn(): number {
  let sum = 0;
  for (let index = 0; index < 12_000_000; index += 1) sum = (sum * 31 + index) % 1_000_003;
  return sum;
}

const SECONDS = { timeout: '120s' } as const;
const app = await CeleryApp.open(readCeleryOptions({ broker: 'memory://', backend: 'memory://' }), {
  log: silentLog,
});
app.defineTask('cpu.burn', {}, burn);
app.defineTask('cpu.nothing', {}, () => null);
app.defineTask('cpu.spin', { timeLimit: '1s' }, () => {
  for (;;);
});

const [kind, size, what] = process.argv.slice(2);
if (kind === undefined) await everything();
else await one(kind as PoolKind, Number(size), what ?? '');

/** Each figure in a process of its own. */
async function everything(): Promise<void> {
  const { spawnSync } = await import('node:child_process');
  for (const args of [
    ['threads', '1', 'burn'],
    ['threads', '2', 'burn'],
    ['prefork', '1', 'burn'],
    ['prefork', '2', 'burn'],
    ['async', '2', 'burn'],
    ['async', '2', 'nothing'],
    ['threads', '2', 'nothing'],
    ['prefork', '2', 'nothing'],
    ['threads', '2', 'spin'],
    ['prefork', '2', 'spin'],
  ]) {
    spawnSync(process.execPath, [process.argv[1] ?? '', ...args], { stdio: 'inherit' });
  }
  console.log(`Node ${process.version}, ${availableParallelism()} x ${cpus()[0]?.model ?? 'CPU'}`);
  await app.close();
}

async function one(pool: PoolKind, concurrency: number, work: string): Promise<void> {
  await app.startWorker({ pool, concurrency });
  const call = (task: string) => app.client.applyAsync(task);
  await Promise.all(Array.from({ length: concurrency }, async () => (await call('cpu.burn')).get(SECONDS)));
  const spinning = work === 'spin' ? await call('cpu.spin') : undefined;
  const task = work === 'spin' ? 'cpu.burn' : `cpu.${work}`;
  const count = work === 'nothing' ? 5_000 : 200;
  const pulse = takePulse();
  const startedMs = performance.now();
  const results = [];
  for (let each = 0; each < count; each += 1) results.push(await call(task));
  await Promise.all(results.map((result) => result.get(SECONDS)));
  const rate = (count * 1000) / (performance.now() - startedMs);
  const fate = await spinning?.get(SECONDS).catch((error: Error) => error.message.replace(/^.*failed: /, ''));
  console.log(
    `${pool} x ${concurrency}, ${work}: ${rate.toFixed(1)} tasks/s, event loop held up at most ${pulse.longestMs()} ms` +
      (fate === undefined ? '' : `, the task that never ends: ${String(fate)}`),
  );
  await app.close();
}

/** How long the event loop of the worker keeps a timer of 10 ms waiting. */
function takePulse() {
  let longestMs = 0;
  let beforeMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - beforeMs - 10);
    beforeMs = nowMs;
  }, 10);
  timer.unref();
  return { longestMs: () => Math.round(longestMs) };
}
