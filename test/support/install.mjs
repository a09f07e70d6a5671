// Installs the dependencies when they are missing or older than the lock file; says nothing when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

const installedAt = modified('node_modules/.package-lock.json');
if (installedAt === undefined || installedAt < (modified('package-lock.json') ?? 0)) {
  console.log('Installing dependencies ...');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status } = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
