import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../lib/cli/command.table.js';
import { bashScript, fishScript, places, zshScript } from '../../lib/cli/completion-scripts.js';

const described = await Promise.all(COMMANDS.map(async (entry) => ({ ...entry, ...(await entry.usage()) })));

describe('completion', () => {
  it('knows the words and flags of every place', () => {
    const at = new Map(places(described).map(({ path, words, flags }) => [path, { words, flags }]));
    expect(at.get('')?.words).toEqual(expect.arrayContaining(['worker', 'call', 'quarantine']));
    expect(at.get('quarantine')?.words).toEqual(['list', 'show', 'replay', 'discard']);
    expect(at.get('inspect')?.words).toContain('active_queues');
    expect(at.get('call')?.flags).toEqual(expect.arrayContaining(['--countdown', '-A', '--help']));
    expect(at.get('worker')?.flags).not.toContain('--detach');
  });

  it.skipIf(!existsSync('/bin/bash')).each([
    [['wor'], ['worker']],
    [
      ['inspect', 'active'],
      ['active', 'active_queues'],
    ],
    [['quarantine', 're'], ['replay']],
    [['-A', 'dist/app.js', 'quarantine', 'replay', '--ra'], ['--rate']],
    [['call', 'mail.send', '--countd'], ['--countdown']],
    [['completion', ''], expect.arrayContaining(['bash', 'zsh', 'fish'])],
  ])('in bash: %j', (words, expected) => {
    const line = ['nest-celery', ...words].map((word) => JSON.stringify(word)).join(' ');
    const script = `${bashScript(described)}
COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _nest_celery; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const found = execFileSync('/bin/bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
    expect(found).toEqual(expected);
  });

  it('for zsh is that of bash, for fish a line for each', () => {
    expect(zshScript(described)).toContain('bashcompinit');
    expect(fishScript(described)).toMatch(
      /^complete -c nest-celery -n '__fish_seen_subcommand_from call' -l countdown -r -d '/m,
    );
  });
});
