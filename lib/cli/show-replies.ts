import type { ActiveQueue, ScheduledTask, TaskInfo } from '../control/control.types.js';
import type { Answers } from './ask-workers.js';
import type { Cli } from './cli.js';
import { ago } from './durations.js';
import { jsonOf } from './output.js';
import type { Column, Row } from './table.js';

interface Layout {
  readonly columns: readonly Column[];
  /** Rows of one worker's answer, without its name. Python is taken at its word, so whatever comes is shown somehow. */
  readonly rows: (value: unknown, nowMs: number) => readonly Row[];
}

const NODE: Column = { title: 'NODE' };

const LAYOUTS: ReadonlyMap<string, Layout> = new Map<string, Layout>([
  ['active', tasks('RUNS FOR')],
  ['reserved', tasks('')],
  [
    'scheduled',
    {
      columns: [{ title: 'ID', shrinks: false }, { title: 'TASK' }, { title: 'ARGS' }, { title: 'ETA' }],
      rows: (value) =>
        each<ScheduledTask>(value).map(({ eta, request }) => [
          text(request?.id),
          text(request?.name),
          argumentsOf(request),
          text(eta),
        ]),
    },
  ],
  [
    'registered',
    { columns: [{ title: 'TASK' }], rows: (value) => each<string>(value).map((name) => [text(name)]) },
  ],
  ['revoked', { columns: [{ title: 'ID' }], rows: (value) => each<string>(value).map((id) => [text(id)]) }],
  [
    'active_queues',
    {
      columns: [{ title: 'QUEUE' }, { title: 'EXCHANGE' }, { title: 'TYPE' }, { title: 'ROUTING KEY' }],
      rows: (value) =>
        each<ActiveQueue>(value).map(({ name, exchange, routing_key: key }) => [
          text(name),
          text(exchange?.name),
          text(exchange?.type),
          text(key),
        ]),
    },
  ],
]);

/** A table where the answers are alike, else each worker's answer under its name. */
export function showReplies(command: string, answers: Answers, cli: Cli): void {
  const { replies } = answers;
  const { output, clock } = cli;
  const layout = LAYOUTS.get(command);
  const nowMs = clock.now();
  const failed = replies.filter(({ error }) => error !== undefined);
  if (layout !== undefined) {
    const rows = replies.flatMap(({ hostname, value, error }) =>
      error === undefined ? layout.rows(value, nowMs).map((row) => [hostname, ...row]) : [],
    );
    if (rows.length > 0) output.table(undefined, [NODE, ...layout.columns], rows);
    else if (output.forPeople && failed.length < replies.length) output.note('- empty -');
    for (const { hostname, error } of failed) output.error(`${hostname}: ${error ?? ''}`);
  } else {
    const short = replies.every(({ value, error }) => error !== undefined || isShort(value));
    if (short || !output.forPeople) {
      const rows = replies.map(({ hostname, value, error }): Row => [
        hostname,
        error === undefined ? { text: 'OK', style: 'green' } : { text: 'ERROR', style: 'red' },
        error ?? oneLine(value),
      ]);
      output.table(undefined, [NODE, { title: '' }, { title: 'ANSWER' }], rows);
    } else {
      for (const { hostname, value, error } of replies) {
        output.raw(`${output.paint('bold', `->  ${hostname}:`)} ${error === undefined ? 'OK' : 'ERROR'}\n`);
        output.raw(`${indented(error ?? long(value))}\n`);
      }
    }
  }
  if (replies.length > 0 && output.forPeople) {
    const nodes = `${replies.length} node${replies.length === 1 ? '' : 's'}`;
    output.note(`${nodes} answered (${(answers.elapsedMs / 1000).toFixed(2)} s)`);
  }
}

function tasks(timed: string): Layout {
  const columns: Column[] = [
    { title: 'ID', shrinks: false },
    { title: 'TASK' },
    { title: 'ARGS' },
    { title: 'QUEUE' },
  ];
  return {
    columns: timed === '' ? columns : [...columns, { title: timed, align: 'right' }],
    rows: (value, nowMs) =>
      each<TaskInfo>(value).map((task) => {
        const { id, name, delivery_info: delivery, time_start: startSeconds } = task;
        const row = [text(id), text(name), argumentsOf(task), text(delivery?.routing_key)];
        if (timed === '') return row;
        return [...row, typeof startSeconds === 'number' ? ago(nowMs - startSeconds * 1000) : ''];
      }),
  };
}

function argumentsOf(task: Partial<TaskInfo> | undefined): string {
  const parts = [task?.args, task?.kwargs].map((part) =>
    typeof part === 'string' ? part : part === undefined ? '' : JSON.stringify(part),
  );
  return parts.filter((part) => part !== '' && part !== '{}' && part !== '[]' && part !== '()').join(' ');
}

/** What should be a list of such things. */
function each<T>(value: unknown): readonly Partial<T>[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string'
    ? value
    : value === undefined || value === null
      ? ''
      : JSON.stringify(value);
}

function isShort(value: unknown): boolean {
  return typeof value !== 'object' || value === null
    ? !String(value).includes('\n')
    : JSON.stringify(value).length < 60;
}

function oneLine(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value.trim() : JSON.stringify(value);
}

function long(value: unknown): string {
  return typeof value === 'string' ? value.trim() : jsonOf(value);
}

function indented(lines: string): string {
  return lines.replace(/^/gm, '    ');
}
