import { release, type } from 'node:os';
import { saferepr } from '../../message/saferepr.js';
import { VERSION } from '../../runtime/version.js';
import type { ControlHost } from './host.js';
import { maskedSettings } from './settings.js';

/** What a bug report should hold, laid out as Celery's. */
export function reportOf({ broker, settings }: ControlHost): string {
  const given = maskedSettings(settings().given);
  const results = given['result_backend'];
  return [
    '',
    `software -> nestjs-celery:${VERSION} node:${process.versions.node}`,
    `platform -> system:${type()} arch:${process.arch}`,
    `            kernel version:${release()} imp:V8 ${process.versions.v8}`,
    `settings -> transport:${broker.transport} results:${typeof results === 'string' ? results : 'disabled'}`,
    '',
    ...Object.entries(given).map(([name, value]) => `${name}: ${saferepr(value)}`),
    '',
  ].join('\n');
}
