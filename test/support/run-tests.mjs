// npm test: finds the servers the tests need, installs them where it can, and runs the suites they allow.
// Without a server: says so and leaves its suites out; in CI that is a failure.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Debian package → how to see that it is there. */
const NEEDS = [
  { what: 'Redis', debian: ['redis-server'], found: () => hasProgram('redis-server') },
  {
    what: 'RabbitMQ',
    debian: ['rabbitmq-server'],
    found: () =>
      (hasProgram('rabbitmq-server') || existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server')) &&
      hasProgram('epmd'),
  },
  {
    what: 'Python Celery',
    debian: ['celery', 'redis', 'msgpack', 'yaml', 'brotli', 'zstandard'].map((name) => `python3-${name}`),
    found: () =>
      succeeds('/usr/bin/python3', ['-c', 'import celery, redis, msgpack, yaml, brotli, zstandard']),
  },
];

const args = process.argv.slice(2);
let missing = NEEDS.filter((need) => !need.found());
if (missing.length > 0 && succeeds('apt-get', ['--version']) && process.getuid?.() === 0) {
  const packages = missing.flatMap((need) => need.debian);
  console.log(`Installing ${packages.join(', ')} ...`);
  // No server of the machine's own is started by the installation: the tests start private ones.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    stdio: 'inherit',
    env,
  });
  missing = NEEDS.filter((need) => !need.found());
}

for (const need of missing) {
  console.error(`Missing: ${need.what}. On Debian or Ubuntu: sudo apt-get install ${need.debian.join(' ')}`);
}
if (missing.length > 0 && process.env.CI) {
  console.error('In CI every server must be there: failing.');
  process.exit(1);
}
const projects = missing.length > 0 ? ['--project', 'unit'] : [];
if (missing.length > 0) {
  console.error(
    'Running the unit suites only; the suites on real servers are LEFT OUT until the above is installed.',
  );
}
const report = join(mkdtempSync(join(tmpdir(), 'celery-tests-')), 'report.json');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const ran = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', ...projects, ...reporters, ...args],
  {
    stdio: 'inherit',
  },
);
if (existsSync(report)) {
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
  console.log(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`);
}
process.exit(ran.status ?? 1);

function hasProgram(name) {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(`${folder}/${name}`));
}

function succeeds(command, commandArgs) {
  return spawnSync(command, commandArgs, { stdio: 'ignore' }).status === 0;
}
