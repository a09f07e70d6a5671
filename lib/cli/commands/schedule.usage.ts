import { integer, text } from '../flag.js';
import { maybe, one, usage } from '../usage.js';

const FLAGS = {
  schedule: text(
    '-s, --schedule <store>',
    'where entries are kept: a file, or redis://… (default: as the application says)',
  ),
} as const;

export const scheduleListUsage = usage({
  details: 'With -A those of the code are among them before a beat has run.',
  args: {},
  flags: FLAGS,
  examples: ['nest-celery schedule list -A dist/app.module.js'],
});

export const scheduleNextUsage = usage({
  args: { name: maybe('name', 'name of the entry') },
  flags: { ...FLAGS, count: integer('-n, --count <number>', 'so many (default: 5)', 1) },
  examples: ['nest-celery schedule next nightly -n 10'],
});

export const scheduleRunUsage = usage({
  args: { name: one('name', 'name of the entry') },
  flags: FLAGS,
  examples: ['nest-celery schedule run nightly'],
});

export const schedulePauseUsage = usage({
  args: { name: maybe('name', 'name of the entry (default: all)') },
  flags: FLAGS,
  examples: ['nest-celery schedule pause nightly', 'nest-celery schedule pause'],
});

export const scheduleResumeUsage = usage({
  args: { name: maybe('name', 'name of the entry (default: all)') },
  flags: FLAGS,
  examples: ['nest-celery schedule resume nightly'],
});
