import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backendFields, type BackendConfig, type BackendOptions } from '../../lib/backend/backend.options.js';
import { openBackend } from '../../lib/backend/result-backend.factory.js';
import { InvalidOptionError } from '../../lib/errors.js';
import { readOptions } from '../../lib/runtime/options.js';
import { backendSettings } from './backend-settings.js';

describe('the result backend of a URL', () => {
  it.each([
    ['memory://', 'memory'],
    ['memory://name', 'memory'],
    ['redis://localhost/1', 'redis'],
    ['rediss://localhost', 'redis'],
    ['redis+socket:///tmp/redis.sock', 'redis'],
    ['sentinel://a:26379;sentinel://b:26379', 'redis'],
    ['redis+cluster://localhost:7000', 'redis'],
  ])('%s is %s', async (url, kind) => {
    const backend = await openBackend(url, await backendSettings());
    expect(backend?.kind).toBe(kind);
    await backend?.close();
  });

  it.each(['none', 'none://', 'disabled://', 'disabled'])('%s is none', async (url) => {
    expect(await openBackend(url, await backendSettings())).toBeUndefined();
  });

  it.each(['mysql://root:secret@db/x', 'localhost', '', 'redis'])('%j is refused by name', async (url) => {
    const opening = openBackend(url, await backendSettings());
    await expect(opening).rejects.toThrow(InvalidOptionError);
    await expect(opening).rejects.toThrow(/^backend: /);
    await expect(opening).rejects.not.toThrow(/secret/);
  });

  it('shows no password', async () => {
    const backend = await openBackend('redis://user:s3cret@localhost:1/0', await backendSettings());
    expect(backend?.url).not.toContain('s3cret');
    await backend?.close();
  });

  it('refuses unknown transport options, and rpc:// without a broker', async () => {
    const transportOptions = { globalKeyPrefix: 'x' };
    await expect(openBackend('redis://h', await backendSettings({ transportOptions }))).rejects.toThrow(
      'Did you mean globalKeyprefix?',
    );
    await expect(openBackend('rpc://', await backendSettings())).rejects.toThrow(/needs a broker/);
  });
});

describe('options of the result backend', () => {
  const read = (options: BackendOptions): BackendConfig =>
    readOptions<BackendConfig>('celery', options, backendFields);

  beforeEach(() => void vi.stubEnv('CELERY_RESULT_BACKEND', ''));
  afterEach(() => void vi.unstubAllEnvs());

  it("have Celery's defaults", () => {
    expect(read({})).toEqual({
      backend: undefined,
      resultExpires: 86_400_000,
      resultPersistent: false,
      resultBackendTimeout: 10_000,
      resultPollingInterval: 5_000,
      resultBackendTransportOptions: {},
      resultBackendUseSsl: undefined,
    });
  });

  it('take the URL from the environment where the code gives none', () => {
    vi.stubEnv('CELERY_RESULT_BACKEND', 'redis://env');
    expect(read({}).backend).toBe('redis://env');
    expect(read({ backend: 'rpc://' }).backend).toBe('rpc://');
  });

  it.each([
    [3600, 3_600_000],
    ['2h', 7_200_000],
    [0, undefined],
    [null, undefined],
  ] as const)('read resultExpires %j as %j ms', (resultExpires, ms) => {
    expect(read({ resultExpires }).resultExpires).toBe(ms);
  });

  it('refuse what would look without a pause, or never wait', () => {
    expect(() => read({ resultPollingInterval: 0 })).toThrow('celery.resultPollingInterval');
    expect(() => read({ resultBackendTimeout: 0 })).toThrow('celery.resultBackendTimeout');
    expect(() => read({ resultExpires: -1 })).toThrow('celery.resultExpires');
  });
});
