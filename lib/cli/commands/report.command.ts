import { arch, platform, release } from 'node:os';
import type { CeleryConfig } from '../../nest/celery.options.js';
import { redactUrl } from '../../runtime/redact-url.js';
import { VERSION } from '../../runtime/version.js';
import type { Cli } from '../cli.js';
import { shownBackend, withApp } from '../connection.js';
import { EXIT } from '../exit-code.js';
import { packageVersions } from '../package-versions.js';
import type { GivenTo } from '../usage.js';
import type { reportUsage } from './report.usage.js';

export async function run(_: GivenTo<typeof reportUsage>, cli: Cli): Promise<number> {
  return withApp(cli, { broker: false }, async ({ app, place }) => {
    const software = { 'nestjs-celery': VERSION, node: process.versions.node, ...packageVersions() };
    const system = { platform: platform(), release: release(), arch: arch() };
    const report = {
      software,
      system,
      app: place?.file ?? null,
      broker: app.broker.url,
      resultBackend: shownBackend(app),
      settings: settingsOf(app.config),
    };
    cli.output.answer(report, () =>
      [
        `software -> ${pairs(software)}`,
        `platform -> ${pairs(system)}`,
        `app      -> ${report.app ?? 'none'}`,
        `broker   -> ${report.broker}`,
        `results  -> ${report.resultBackend}`,
        '',
        'settings ->',
        ...Object.entries(report.settings).map(([name, value]) => `    ${name}: ${JSON.stringify(value)}`),
      ].join('\n'),
    );
    return EXIT.ok;
  });
}

const SECRET = /(password|secret|token|credential|key)s?$/i;

/** Settings as they count, without what nobody else may see. */
function settingsOf(config: CeleryConfig): Record<string, unknown> {
  const told = Object.entries(config)
    .filter(([name, value]) => value !== undefined && name !== 'broker' && name !== 'backend')
    .map(([name, value]) => [name, masked(name, value, 0)] as const);
  return Object.fromEntries(told.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const DEEPEST = 6;

function masked(name: string, value: unknown, depth: number): unknown {
  if (SECRET.test(name) && name !== 'taskDefaultRoutingKey' && value !== undefined) return '********';
  if (typeof value === 'string') return redactUrl(value);
  if (typeof value === 'function') return `[function ${value.name}]`;
  if (value instanceof Map) return masked(name, Object.fromEntries(value), depth);
  if (depth > DEEPEST) return '…';
  if (Array.isArray(value)) return value.map((each) => masked('', each, depth + 1));
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]: [string, unknown]) => [key, masked(key, each, depth + 1)]),
  );
}

function pairs(record: Readonly<Record<string, string>>): string {
  return Object.entries(record)
    .map(([name, value]) => `${name}:${value}`)
    .join(' ');
}
