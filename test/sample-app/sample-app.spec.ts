import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/servers/free-port.js';

const run = promisify(execFile);
const ORDER = {
  customer: 'Ada Lovelace',
  email: 'ada@example.com',
  lines: [{ sku: 'tea-pot', quantity: 2, unitCents: 3900 }],
};

/** One process of the shop, as its user starts it. */
function startProcess(entry: string, env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [`sample-app/dist/${entry}.js`], { env: { ...process.env, ...env } });
  const written: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => written.push(String(chunk)));
  return {
    output: () => written.join(''),
    /** Its exit code after a SIGTERM. */
    async terminate(): Promise<number | null> {
      if (child.exitCode !== null) return child.exitCode;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
      return child.exitCode;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

describe('the sample shop', () => {
  it('runs its main job on the embedded broker, prints what happened, and exits by itself', async () => {
    const data = await mkdtemp(join(tmpdir(), 'shop-test-'));
    const { stdout } = await run(process.execPath, ['sample-app/dist/demo.js'], {
      env: { ...process.env, SHOP_DATA: data },
    });
    expect(stdout).toMatch(/Ada Lovelace .* confirmation/);
    expect(stdout).toMatch(/Grace Hopper .* declined .* apology/);
    expect(stdout).toMatch(/Report of \d{4}-\d\d-\d\d: 3 orders/);
    await rm(data, { recursive: true });
  });

  it.each([
    ['RabbitMQ', () => inject('rabbitUrl'), () => `${inject('redisUrl')}/9`],
    ['Redis', () => `${inject('redisUrl')}/8`, () => `${inject('redisUrl')}/9`],
  ])('runs as two processes, web and worker, on %s and Redis', async (_name, broker, backend) => {
    const data = await mkdtemp(join(tmpdir(), 'shop-test-'));
    const port = await freePort();
    const env = {
      CELERY_BROKER_URL: broker(),
      CELERY_RESULT_BACKEND: backend(),
      SHOP_DATA: data,
      PORT: String(port),
    };
    await using web = startProcess('main', env);
    await using worker = startProcess('worker', env);
    const orders = `http://127.0.0.1:${port}/orders`;
    await eventually(async () => (await fetch(`${orders}/none`)).status === 404, {
      what: `web: ${web.output()}`,
      withinMs: 20_000,
    });

    const answer = await fetch(orders, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ORDER),
    });
    expect(answer.status).toBe(202);
    const { orderId } = (await answer.json()) as { orderId: string };

    const done = await eventually(
      async () => {
        const { steps } = (await (await fetch(`${orders}/${orderId}`)).json()) as { steps: string[] };
        return steps.includes('mail.eml') && steps.includes('thumbnail-tea-pot.png') ? steps : undefined;
      },
      { what: 'the order to be done', withinMs: 20_000 },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\nweb:\n${web.output()}\nworker:\n${worker.output()}`);
    });
    expect(done).toEqual(['invoice.pdf', 'mail.eml', 'order.json', 'receipt.json', 'thumbnail-tea-pot.png']);
    expect((await readFile(join(data, 'orders', orderId, 'invoice.pdf'))).subarray(0, 5).toString()).toBe(
      '%PDF-',
    );
    expect(JSON.parse(await readFile(join(data, 'orders', orderId, 'receipt.json'), 'utf8'))).toMatchObject({
      attempts: 3,
    });
    expect(worker.output()).toContain('payments.charge');

    expect(await worker.terminate()).toBe(0);
    await web.terminate();
    await rm(data, { recursive: true });
  });
});
