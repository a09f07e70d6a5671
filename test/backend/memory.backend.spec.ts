import { describe, expect, it } from 'vitest';
import { MemoryBackend } from '../../lib/backend/memory.backend.js';
import { aChord } from '../conformance/chord-store.conformance.js';
import { aMeta, resultBackendConformance } from '../conformance/result-backend.conformance.js';
import { FakeClock } from '../support/fake-clock.js';
import { backendSettings } from './backend-settings.js';

resultBackendConformance('memory', {
  shared: true,
  open: async () => new MemoryBackend('memory://', await backendSettings()),
});

describe('memory result backend', () => {
  it('drops results when they expire', async () => {
    const clock = new FakeClock();
    const backend = new MemoryBackend('memory://', await backendSettings({ clock, expiresMs: 1_000 }));
    await backend.store(aMeta({ taskId: 'a' }), { replyTo: undefined, correlationId: 'a' });
    await clock.advance(999);
    expect(await backend.get('a')).toBeDefined();
    await clock.advance(1);
    expect(await backend.get('a')).toBeUndefined();
  });

  it('stores over a SUCCESS that has expired, and starts no timer for any of it', async () => {
    const clock = new FakeClock();
    const backend = new MemoryBackend('memory://', await backendSettings({ clock, expiresMs: 1_000 }));
    const address = { replyTo: undefined, correlationId: 'a' };
    await backend.store(aMeta({ taskId: 'a' }), address);
    await clock.advance(1_000);
    await backend.store(aMeta({ taskId: 'a', status: 'STARTED', dateDone: undefined }), address);
    expect((await backend.get('a'))?.status).toBe('STARTED');
    expect(clock.timers).toBe(0);
  });

  it('drops saved groups when they expire, and shares them and chords by its name', async () => {
    const clock = new FakeClock();
    const settings = await backendSettings({ clock, expiresMs: 1_000 });
    const open = (): MemoryBackend => new MemoryBackend('memory://of groups', settings);
    const [one, two] = [open(), open()];
    await one.saveGroup('g', [['g', null], []]);
    expect(await two.restoreGroup('g')).toBeDefined();
    await clock.advance(1_000);
    expect(await two.restoreGroup('g')).toBeUndefined();
    const chord = aChord(one.chords);
    await chord.open(2);
    await chord.count(0);
    expect((await two.chords.count(chord.partOf(1))).kind).toBe('complete');
  });

  it('tells nobody any more when it is closed, and leaves those of another app alone', async () => {
    const open = async () => new MemoryBackend('memory://of two', await backendSettings());
    const [one, two] = [await open(), await open()];
    const seen: string[] = [];
    one.watch('a', () => seen.push('one'));
    two.watch('a', () => seen.push('two'));
    await one.close();
    await two.store(aMeta({ taskId: 'a' }), { replyTo: undefined, correlationId: 'a' });
    expect(seen).toEqual(['two']);
  });

  it('is shared within the process by its name, and by nobody without one', async () => {
    const open = async (url: string) => new MemoryBackend(url, await backendSettings());
    const [one, two] = [await open('memory://shared'), await open('memory://shared')];
    await one.store(aMeta({ taskId: 'a', result: 1 }), { replyTo: undefined, correlationId: 'a' });
    expect((await two.get('a'))?.result).toBe(1);
    expect(await (await open('memory://')).get('a')).toBeUndefined();
  });
});
