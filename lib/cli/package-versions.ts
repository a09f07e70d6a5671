import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What matters for a bug report. */
const PACKAGES = ['@nestjs/core', 'amqplib', 'ioredis'] as const;

/** Versions of the packages that this library works with, as it finds them. */
export function packageVersions(): Record<string, string> {
  const require = createRequire(import.meta.url);
  return Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name, require) ?? 'not installed']));
}

/** Some packages do not export their package.json, so it is looked for above their entry. */
function versionOf(name: string, require: NodeJS.Require): string | undefined {
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch {
    return undefined;
  }
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
      if (found['name'] === name && typeof found['version'] === 'string') return found['version'];
    } catch {
      continue;
    }
  }
  return undefined;
}
