import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chartOf } from './chart.js';
import { describeMachine, thisMachine } from './machine.js';
import { measure, type Row } from './measure.js';
import { readBenchOptions } from './options.js';
import { Stage } from './stage.js';
import { figure, markdownTable, targetTable } from './table.js';
import { verdicts } from './targets.js';
import { workloadsOn } from './workloads.js';

// nestjs-celery beside its peers, each with processes of its own, on private servers, in one run: contenders take turns, each
// figure is the median of the rounds, and what counts is the ratio.

const { rounds, patience, size, only, list, out } = readBenchOptions(process.argv.slice(2));
await using stage = new Stage();
const all = workloadsOn(stage, size);
const chosen = all.filter(
  ({ name }) => only === undefined || only.some((part) => name.toLowerCase().includes(part.toLowerCase())),
);

if (list) console.log(chosen.map(({ name }) => name).join('\n'));
else if (chosen.length === 0) {
  console.error(`No workload's name contains ${only?.join(' or ')}. --list names them.`);
  process.exitCode = 1;
} else {
  const rows: Row[] = [];
  for (const workload of chosen) {
    const startMs = performance.now();
    await stage.clear();
    const measured = await measure(workload, rounds, patience * 1_000);
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(0);
    console.log(`${workload.name} (${seconds} s)`);
    for (const row of measured) console.log(`  ${row.contender}: ${row.failed ?? figure(row)}`);
    rows.push(...measured);
    // A run that is broken off keeps what it has measured.
    await save(rows);
  }
  console.log(`\n${textOf(rows)}`);
  if (rows.some(({ failed }) => failed !== undefined)) process.exitCode = 1;
}

function textOf(rows: readonly Row[]): string {
  const targets = verdicts(rows);
  const tables = [markdownTable(rows), ...(targets.length > 0 ? [targetTable(targets)] : [])];
  const about = `Medians of ${rounds} rounds, ${size.toLocaleString('en')} tasks each. ${describeMachine(thisMachine())}`;
  return `${tables.join('\n\n')}\n\n${about}`;
}

async function save(rows: readonly Row[]): Promise<void> {
  if (out === undefined) return;
  const machine = thisMachine();
  const told = { machine, rounds, size, rows, targets: verdicts(rows) };
  const chart = chartOf(rows, describeMachine(machine));
  await mkdir(out, { recursive: true });
  await writeFile(join(out, 'bench.json'), `${JSON.stringify(told, null, 2)}\n`);
  await writeFile(join(out, 'bench.md'), `${textOf(rows)}\n`);
  if (chart !== undefined) await writeFile(join(out, 'bench.svg'), chart);
}
