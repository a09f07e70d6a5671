import type { SignatureDict } from '../message/signature.js';
import { unreachable } from '../runtime/unreachable.js';
import type { AnySignature } from './call.options.js';
import type { AnyCanvas, AnyChord, Members } from './canvas.js';
import { fromCanvasDict } from './canvas-dict.js';
import { checkedCanvas } from './check-canvas.js';
import { isList } from './members.js';

/** A task of a canvas, as a picture shows it. */
export interface PictureNode {
  /** Stable: the same canvas gives the same ids. */
  readonly id: string;
  readonly signature: AnySignature;
  /** Its task id, where it was given ahead. */
  readonly taskId: string | undefined;
  /** Where it stands: `chain step 3 → group member 0`. */
  readonly place: string;
}

export interface PictureOptions {
  /**
   * The state of a task, shown with it: what of a running workflow is done. Called once for each task drawn, at once; look
   * the states up first. Default: no states.
   */
  readonly stateOf?: (node: PictureNode) => string | undefined;
  /** Members of one group that are drawn; the others are counted. Default 50. */
  readonly mostMembers?: number;
  /** From left to right, or from the top down. Default `LR`. */
  readonly direction?: 'LR' | 'TB';
}

/** What is drawn, before it is written in any language. */
export interface Drawing {
  readonly direction: 'LR' | 'TB';
  readonly content: readonly Shape[];
  readonly edges: readonly Edge[];
}

export type Shape = Task | Note | Join | Box;

export interface Task {
  readonly kind: 'task';
  readonly id: string;
  readonly name: string;
  readonly state: string | undefined;
}

/** Stands for what is not drawn. */
export interface Note {
  readonly kind: 'note';
  readonly id: string;
  readonly text: string;
}

/** Where many wait for each other. */
export interface Join {
  readonly kind: 'join';
  readonly id: string;
}

export interface Box {
  readonly kind: 'box';
  readonly id: string;
  readonly title: string;
  readonly content: readonly Shape[];
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  /** Undefined: simply what comes next. */
  readonly label: string | undefined;
}

/** Longest name shown. */
const LONGEST = 100;

/** A name in one line, without signs that cannot be shown. */
export function shortened(text: string): string {
  const shown = text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
  return shown.toWellFormed().replace(/\p{Cc}/gu, ' ');
}

/** @throws InvalidCanvasError for what is no canvas, is too deep or holds itself */
export function drawn(canvas: unknown, options: PictureOptions = {}): Drawing {
  const artist = new Artist(options);
  const { content } = artist.draw(checkedCanvas(canvas, 'canvas'), 'n', '');
  return Object.freeze({ direction: options.direction ?? 'LR', content, edges: artist.edges });
}

/** A part of the picture: what comes first in it, and what the next part waits for. */
interface Drawn {
  readonly content: readonly Shape[];
  readonly starts: readonly string[];
  readonly ends: readonly string[];
}

const MOST_MEMBERS = 50;

class Artist {
  readonly edges: Edge[] = [];

  constructor(private readonly options: PictureOptions) {}

  /** @param id of the part, from which those of its parts are made @param place of the part, '' for the whole */
  draw(canvas: AnyCanvas, id: string, place: string): Drawn {
    const main = this.#main(canvas, id, place);
    const callbacks = this.#callbacks(canvas, main, id, place);
    return callbacks.length === 0 ? main : { ...main, content: [...main.content, ...callbacks] };
  }

  #main(canvas: AnyCanvas, id: string, place: string): Drawn {
    switch (canvas.kind) {
      case 'task':
        return this.#task(canvas, id, place);
      case 'chain':
        return this.#sequence(
          canvas.steps.map((step, index) =>
            this.draw(step, `${id}_${index}`, at(place, `chain step ${index}`)),
          ),
          id,
        );
      case 'group':
        return this.#box(canvas.members, 'group', id, (index) => at(place, `group member ${index}`));
      case 'chord':
        return this.#chord(canvas, id, place);
      default:
        return unreachable(canvas);
    }
  }

  #task(signature: AnySignature, id: string, place: string): Drawn {
    const { taskId } = signature.options;
    const state = this.options.stateOf?.(Object.freeze({ id, signature, taskId, place }));
    return single({ kind: 'task', id, name: signature.task, state });
  }

  #chord({ header, body }: AnyChord, id: string, place: string): Drawn {
    const parts = this.#box(header, 'chord', `${id}_h`, (index) => at(place, `chord header ${index}`));
    return this.#sequence([parts, this.draw(body, `${id}_b`, at(place, 'chord body'))], id);
  }

  #box(members: Members, title: string, id: string, placeOf: (index: number) => string): Drawn {
    if (!isList(members))
      return boxed(id, title, [single({ kind: 'note', id: `${id}_x`, text: 'members as they come' })]);
    const most = this.options.mostMembers ?? MOST_MEMBERS;
    const parts = members
      .slice(0, most)
      .map((member, index) => this.draw(member, `${id}_${index}`, placeOf(index)));
    const more = members.length - parts.length;
    if (more > 0) parts.push(single({ kind: 'note', id: `${id}_x`, text: `${more} more` }));
    return boxed(id, title, parts);
  }

  /** One after the other; where many wait for many, they meet in between. */
  #sequence(parts: readonly Drawn[], id: string): Drawn {
    const content: Shape[] = [];
    let last: Drawn | undefined;
    for (const [index, part] of parts.entries()) {
      if (part.starts.length > 0 && last !== undefined) {
        if (last.ends.length > 1 && part.starts.length > 1) {
          const join: Join = { kind: 'join', id: `${id}_j${index}` };
          content.push(join);
          this.#connect(last.ends, [join.id]);
          this.#connect([join.id], part.starts);
        } else this.#connect(last.ends, part.starts);
      }
      content.push(...part.content);
      if (part.starts.length > 0) last = part;
    }
    const starts = parts.find((part) => part.starts.length > 0)?.starts ?? [];
    return { content, starts, ends: last?.ends ?? [] };
  }

  /** A chain's and a chord's callbacks follow its end, a group's its first member; any of their tasks calls the errbacks. */
  #callbacks(
    { kind, options }: AnyCanvas,
    { starts, ends }: Drawn,
    id: string,
    place: string,
  ): readonly Shape[] {
    const { link = [], linkError = [] } = options;
    const from = kind === 'group' ? starts.slice(0, 1) : ends;
    const onError = kind === 'task' || kind === 'chord' ? 'error' : 'any error';
    return [
      ...link.flatMap((dict, index) =>
        this.#callback(dict, from, 'link', `${id}_l${index}`, at(place, `link ${index}`)),
      ),
      ...linkError.flatMap((dict, index) =>
        this.#callback(dict, from, onError, `${id}_e${index}`, at(place, `errback ${index}`)),
      ),
    ];
  }

  #callback(
    dict: SignatureDict,
    from: readonly string[],
    label: string,
    id: string,
    place: string,
  ): readonly Shape[] {
    const part = this.draw(fromCanvasDict(dict), id, place);
    this.#connect(from, part.starts, label);
    return part.content;
  }

  #connect(from: readonly string[], to: readonly string[], label?: string): void {
    for (const start of from) for (const end of to) this.edges.push({ from: start, to: end, label });
  }
}

function single(shape: Task | Note): Drawn {
  return { content: [shape], starts: [shape.id], ends: [shape.id] };
}

function boxed(id: string, title: string, parts: readonly Drawn[]): Drawn {
  const content = parts.flatMap((part) => part.content);
  return {
    content: [{ kind: 'box', id: `${id}_g`, title, content }],
    starts: parts.flatMap((part) => part.starts),
    ends: parts.flatMap((part) => part.ends),
  };
}

function at(place: string, part: string): string {
  return place === '' ? part : `${place} → ${part}`;
}
