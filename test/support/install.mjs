// Installs the dependencies of the folders that are named, of this one by default, when they are missing or older than the
// lock file; says nothing when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';

const named = process.argv.slice(2);
for (const folder of named.length > 0 ? named : ['.']) {
  const installedAt = modified(join(folder, 'node_modules', '.package-lock.json'));
  if (installedAt !== undefined && installedAt >= (modified(join(folder, 'package-lock.json')) ?? 0))
    continue;
  console.log(`Installing dependencies${folder === '.' ? '' : ` of ${folder}`} ...`);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // `npm ci` refuses the lock of the peers: it lacks packages of theirs that are for other platforms, and optional.
  const install = folder === '.' ? ['ci'] : ['install', '--no-save'];
  const args = [...install, '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync(npm, args, { stdio: 'inherit', cwd: folder });
  if (status !== 0) process.exit(status ?? 1);
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
