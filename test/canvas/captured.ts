import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SignatureDict } from '../../lib/message/signature.js';
import { text } from './notation.js';

/** What a Python client published for a canvas, and what it was promised. */
export interface CapturedCanvas {
  readonly shape: string;
  readonly messages: readonly {
    readonly headers: Readonly<Record<string, unknown>>;
    readonly body: readonly [readonly unknown[], Readonly<Record<string, unknown>>, CapturedEmbed];
  }[];
  /** Of each chord, by the id of its header. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly tuple: unknown;
}

interface CapturedEmbed {
  readonly callbacks: readonly SignatureDict[] | null;
  readonly errbacks: readonly SignatureDict[] | null;
  readonly chain: readonly SignatureDict[] | null;
  readonly chord: SignatureDict | null;
}

export type Version = '5.2.6' | '5.6';

export function capturedCanvases(version: Version): ReadonlyMap<string, CapturedCanvas> {
  const file = join(import.meta.dirname, '..', 'golden', 'canvas', `celery-${version}.jsonl`);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const all = lines.map((line) => JSON.parse(line) as CapturedCanvas);
  return new Map(all.map((each) => [each.shape, each]));
}

/** The published messages in the notation of the tables, in their order, and the promised result as Celery's tuple. */
export function capturedText({ messages, sizes, tuple }: CapturedCanvas): string[] {
  const sent = messages.map(({ headers, body: [args, kwargs, embed] }) => {
    const stamps = headers['stamps'] as Readonly<Record<string, unknown>> | undefined;
    const options = {
      task_id: headers['id'],
      group_id: headers['group'],
      group_index: headers['group_index'],
      ...(stamps === undefined ? {} : { ...stamps, stamped_headers: headers['stamped_headers'] }),
      link: embed.callbacks,
      link_error: embed.errbacks,
      chain: embed.chain,
      chord: embed.chord,
    };
    const task = String(headers['task']);
    return text(essence({ task, args, kwargs, options, subtask_type: null, immutable: false }, 'sent'));
  });
  return renumbered([...sent, ...sizesText(sizes), JSON.stringify(tuple)]);
}

export function sizesText(sizes: Readonly<Record<string, number>>): string[] {
  return Object.entries(sizes)
    .map(([group, size]) => `${size} parts of ${group}`)
    .toSorted();
}

/** Ids in the order in which they are named, so that the same canvas is the same text. */
export function renumbered(lines: readonly string[]): string[] {
  const seen = new Map<string, string>();
  return lines.map((line) =>
    line.replaceAll(/\bU\d+\b/g, (id) => {
      const known = seen.get(id) ?? `U${seen.size + 1}`;
      seen.set(id, known);
      return known;
    }),
  );
}

/**
 * What a dictionary says, without what one version writes and another does not, and what is said a second time: options
 * that are null, who it is part of inside of a group or header that it stands in, and on which queue results come back.
 */
export function essence(dict: SignatureDict, place: 'sent' | 'member' | 'free' = 'free'): SignatureDict {
  const { kwargs, options, subtask_type: type } = dict;
  const { chord, ...said } = optionsOf(options);
  // A member says itself what it is part of only where a chord around its group counts it.
  const counted = chord !== undefined && (place !== 'member' || said['group_id'] !== undefined);
  if (!counted && place === 'member') {
    delete said['group_id'];
    delete said['group_index'];
  }
  const body = counted ? essence(bodyOf(chord, said['group_id'])) : undefined;
  const all: Record<string, unknown> = { ...said, ...(body === undefined ? {} : { chord: body }) };
  if (type === null) return { ...dict, options: all };
  if (type !== 'chord') {
    // What it is part of is written into its members.
    const { group_id: _groupId, group_index: _index, chord: _chord, ...own } = all;
    const { task_id: _lastStep, ...ofChain } = own;
    const place = type === 'group' ? 'member' : 'free';
    const tasks = dicts(kwargs['tasks']).map((each) => essence(each, place));
    return { ...dict, kwargs: { tasks }, options: type === 'chain' ? ofChain : own };
  }
  const { task_id: _header, ...own } = all;
  const header = { ...(kwargs['header'] as SignatureDict) };
  const { chord: _chord, ...ofHeader } = optionsOf(header.options);
  const members = dicts(header.kwargs['tasks']).map((each) => essence(each, 'member'));
  return {
    ...dict,
    kwargs: {
      header: { ...header, kwargs: { tasks: members }, options: ofHeader },
      body: essence(kwargs['body'] as SignatureDict),
    },
    options: own,
  };
}

function optionsOf(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { add_to_parent: _, reply_to: _queue, ...rest } = options;
  return Object.fromEntries(
    Object.entries(rest)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, LISTS.has(key) ? dicts(value).map((each) => essence(each)) : value]),
  );
}

const LISTS: ReadonlySet<string> = new Set(['link', 'link_error', 'chain']);

/** Celery 5.6 writes the id of the header into the body. */
function bodyOf(chord: unknown, header: unknown): SignatureDict {
  const { options, ...rest } = chord as SignatureDict;
  const { group_id: group, ...own } = options;
  const outer = group !== undefined && (group !== header || own['chord'] !== undefined);
  return { ...rest, options: outer ? options : own };
}

function dicts(value: unknown): readonly SignatureDict[] {
  return (value ?? []) as readonly SignatureDict[];
}
