import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { PLACES, Servers, type PlaceName } from './place.js';
import { seeded, type Random } from './random.js';
import { breaches, failedRow, markdownTable, together } from './report.js';
import { TIERS, type Row, type Scenario, type Tier } from './scenario.js';
import { SCENARIOS } from './scenarios.js';

interface Flags {
  readonly tier: Tier;
  readonly seed: number;
  readonly only?: readonly string[];
  readonly on?: PlaceName;
  readonly variant?: string;
  readonly out?: string;
  readonly rabbit?: string;
  readonly redis?: string;
}

const flags = new Command('chaos')
  .description('Fault tests that count every task: real workers, real brokers, a ledger outside of both')
  .addOption(new Option('--tier <tier>', 'how much').choices(TIERS).default('ci'))
  .option('--seed <number>', 'gives the same choices again', Number, Math.floor(Math.random() * 2 ** 31))
  .option('--only <tests...>', `of ${SCENARIOS.map(({ id }) => id).join(', ')}`)
  .addOption(new Option('--on <broker>', 'one broker only').choices(PLACES))
  .option('--variant <name>', 'one variant only, as a pool')
  .option('--out <folder>', 'writes result.json and result.md there')
  .option('--rabbit <url>', 'a RabbitMQ that is there, instead of a private one')
  .option('--redis <url>', 'a Redis that is there, instead of a private one')
  .parse()
  .opts<Flags>();

const script = fileURLToPath(new URL('worker.js', import.meta.url));
const random = seeded(flags.seed);
console.log(`Fault tests, tier ${flags.tier}, seed ${flags.seed}`);

const rows: Row[] = [];
{
  await using servers = new Servers({ rabbitUrl: flags.rabbit, redisUrl: flags.redis });
  for (const scenario of SCENARIOS) {
    const { id, title, places, variants, tiers } = scenario;
    if (flags.only === undefined ? !tiers.includes(flags.tier) : !flags.only.includes(id)) continue;
    console.log(`${id}: ${title}`);
    for (const name of places.filter((some) => flags.on === undefined || some === flags.on)) {
      for (const variant of variants.filter(
        (some) => flags.variant === undefined || some === flags.variant,
      )) {
        const folder = await mkdtemp(join(tmpdir(), 'chaos-'));
        const choices = random.branch(`${id} ${name} ${variant}`);
        const row = await inParts(scenario, name, variant, choices, folder, servers);
        rows.push(row);
        const outcome = row.broken.length === 0 ? 'passed' : 'FAILED';
        console.log(
          `  ${name}, ${variant}: ${row.size} tasks, ${row.faults} faults: ${outcome} in ${row.seconds} s`,
        );
        for (const what of row.broken) console.log(`    ${what}`);
        if (row.broken.length === 0) await rm(folder, { recursive: true });
        else console.log(`    ledgers: ${folder}`);
      }
    }
  }
}

console.log(`\n${markdownTable(rows)}\n`);
const broken = breaches(rows);
if (flags.out !== undefined) {
  await mkdir(flags.out, { recursive: true });
  await writeFile(
    join(flags.out, 'result.json'),
    JSON.stringify({ seed: flags.seed, tier: flags.tier, rows }, null, 2),
  );
  await writeFile(join(flags.out, 'result.md'), `${markdownTable(rows)}\n`);
}
const failed = rows.filter((row) => row.broken.length > 0).length;
console.log(`${rows.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 || rows.length === 0 ? 1 : 0;
if (broken.length > 0) console.log(`Again with: --seed ${flags.seed} --tier ${flags.tier}`);

/** At `full`, side by side: each part with names, choices and a ledger of its own. */
async function inParts(
  scenario: Scenario,
  name: PlaceName,
  variant: string,
  choices: Random,
  folder: string,
  servers: Servers,
): Promise<Row> {
  const parts = flags.tier === 'full' ? (scenario.parts ?? 1) : 1;
  const part = async (index: number): Promise<Row> => {
    const own = join(folder, String(index));
    await mkdir(own);
    const place = await servers.place(name);
    const stage = { tier: flags.tier, random: choices.branch(`${index}`), place, script, folder: own, parts };
    return scenario
      .run(stage, variant)
      .catch((error: unknown) => failedRow(scenario.id, name, variant, error));
  };
  const others = Array.from({ length: parts - 1 }, (_, index) => part(index + 1));
  return together(await Promise.all([part(0), ...others]));
}
