/**
 * What a tree of canvases comes to, said as plainly as possible and without any of the library's code: the test's own
 * answer to what the library does with messages, counts and stores.
 */
export type Tree = TaskTree | ChainTree | GroupTree | ChordTree;

export interface TaskTree {
  readonly kind: 'task';
  readonly id: string;
  /** Told by its value; stays the same when it gets the id of a task that it replaces. */
  readonly label: string;
  readonly does: Behaviour;
  /** Takes no result from what is before it. */
  readonly immutable: boolean;
  readonly links: readonly Tree[];
  readonly errbacks: readonly Errback[];
}

export interface ChainTree {
  readonly kind: 'chain';
  readonly steps: readonly Tree[];
  readonly errbacks: readonly Errback[];
}

export interface GroupTree {
  readonly kind: 'group';
  readonly id: string;
  readonly members: readonly Tree[];
  readonly errbacks: readonly Errback[];
}

export interface ChordTree {
  readonly kind: 'chord';
  /** Of the header. */
  readonly id: string;
  readonly header: readonly Tree[];
  readonly body: Tree;
  readonly errbacks: readonly Errback[];
}

export interface Errback {
  readonly name: string;
  /** Run at once where the task has failed, or sent. */
  readonly style: 'here' | 'sent';
}

export type Behaviour =
  | { readonly does: 'ok' | 'fails' | 'exhausts' | 'rejects' | 'requeues' | 'revoked' | 'expired' }
  | { readonly does: 'unknown' | 'ignored' | 'accumulates' }
  | { readonly does: 'retries'; readonly times: number; readonly finally: 'ok' | 'fails' }
  | { readonly does: 'replaced'; readonly by: Tree };

export type Ending =
  | { readonly state: 'SUCCESS'; readonly value: unknown }
  | { readonly state: 'FAILURE' | 'REVOKED'; readonly error: string };
type Failing = Extract<Ending, { error: string }>;

/** What stands for a canvas: one task's ending, or the members' of a group. */
type Result =
  | { readonly kind: 'one'; readonly ending: Ending }
  | { readonly kind: 'many'; readonly results: readonly Result[] };

/** A value in front of the arguments; undefined: nothing came before. */
type Input = { readonly value: unknown } | undefined;

export interface Heard {
  readonly errback: string;
  readonly failed: string;
  /** Told by a chord whose body will not run. */
  readonly ofChord: boolean;
}

/** What is left behind when everything has ended. */
export interface Foreseen {
  /** By task id. A task that is ignored has none. */
  readonly endings: ReadonlyMap<string, Ending>;
  readonly heard: readonly Heard[];
  /** Of each chord that opened, by its header's id: whether its body was sent. */
  readonly chords: ReadonlyMap<string, 'body sent' | 'failed'>;
}

/** @param late tasks are acknowledged after their run, so that one can be handed out again */
export function foreseen(tree: Tree, late: boolean): Foreseen {
  const model = new Model(late);
  model.run(tree, undefined);
  return model;
}

class Model implements Foreseen {
  readonly endings = new Map<string, Ending>();
  readonly heard: Heard[] = [];
  readonly chords = new Map<string, 'body sent' | 'failed'>();

  constructor(private readonly late: boolean) {}

  /** @param rest what comes after it, where it is in the place of a task */
  run(tree: Tree, input: Input, rest: readonly Tree[] = []): Result {
    switch (tree.kind) {
      case 'task':
        return this.#task(tree, input, rest);
      case 'chain':
        return this.#chain(told(tree), input, rest);
      case 'group':
        return { kind: 'many', results: this.#members(told(tree), input) };
      case 'chord': {
        const { id, header, body } = told(tree);
        return this.#chord(id, this.#members(header, input), body, rest);
      }
    }
  }

  #task(task: TaskTree, input: Input, rest: readonly Tree[]): Result {
    const { id, does, immutable, links, errbacks } = task;
    const args = input === undefined || immutable ? [] : [input.value];
    if (does.does === 'replaced') return this.run(inPlaceOf(task, does.by), undefined, rest);
    const ending = this.#ending(task, args);
    if (does.does !== 'ignored') this.endings.set(id, ending);
    if (ending.state === 'SUCCESS') {
      for (const link of links) this.run(link, { value: ending.value });
    } else if (CALLS_BACK.has(does.does)) {
      for (const { name } of errbacks) this.heard.push({ errback: name, failed: id, ofChord: false });
    }
    return { kind: 'one', ending };
  }

  #ending({ label, does }: TaskTree, args: readonly unknown[]): Ending {
    switch (does.does) {
      case 'ok':
        return { state: 'SUCCESS', value: valueOf(label, args) };
      case 'accumulates':
        return { state: 'SUCCESS', value: args[0] };
      case 'fails':
        return failing('TypeError');
      case 'retries':
        return does.finally === 'fails'
          ? failing('TypeError')
          : { state: 'SUCCESS', value: valueOf(label, args) };
      case 'exhausts':
        return failing('MaxRetriesExceededError');
      case 'rejects':
        return failing('Reject');
      case 'requeues':
        return this.late ? { state: 'SUCCESS', value: valueOf(label, args) } : failing('Reject');
      case 'revoked':
      case 'expired':
        return { state: 'REVOKED', error: 'TaskRevokedError' };
      case 'unknown':
        return failing('NotRegistered');
      case 'ignored':
        return failing('Ignore');
      case 'replaced':
        throw new Error('has no ending of its own');
    }
  }

  /** One step after the other; a group with something after it is a chord, unless it has one member only. */
  #chain(steps: readonly Tree[], input: Input, rest: readonly Tree[]): Result {
    const [step, ...after] = steps;
    if (step === undefined) throw new Error('a chain of nothing');
    if (after.length === 0) return this.run(step, input, rest);
    switch (step.kind) {
      case 'task': {
        const result = this.run(step, input, [...after, ...rest]);
        const [ending] = endingsOf(result);
        if (result.kind === 'many' || ending === undefined) throw new Error('one task has one ending');
        if (ending.state === 'SUCCESS') return this.#chain(after, { value: ending.value }, rest);
        for (const never of after.slice(0, -1)) this.#never(never, ending);
        return this.#never(after.at(-1) as Tree, ending);
      }
      case 'group': {
        const [only] = step.members;
        if (step.members.length === 1 && only !== undefined)
          return this.#chain(flat([heardBy(only, step.errbacks), ...after]), input, rest);
        const { id, members } = { id: step.id, members: told(step) };
        return this.#chord(id, this.#members(members, input), chainOf(after), rest);
      }
      case 'chord': {
        const { id, header, body } = told(step);
        return this.#chord(id, this.#members(header, input), chainOf([body, ...after]), rest);
      }
      case 'chain':
        throw new Error('chains in chains were made one');
    }
  }

  #members(members: readonly Tree[], input: Input): readonly Result[] {
    return joined(members, (member) => this.run(member, input));
  }

  #chord(id: string, header: readonly Result[], body: Tree, rest: readonly Tree[]): Result {
    if (header.flatMap(endingsOf).length === 0) return this.run(body, { value: header.map(valuesOf) }, rest);
    if (header.flatMap(endingsOf).every(({ state }) => state === 'SUCCESS')) {
      this.chords.set(id, 'body sent');
      return this.run(body, { value: header.map(valuesOf) }, rest);
    }
    this.chords.set(id, 'failed');
    const failed = endOf(rest.at(-1) ?? body);
    for (const errback of whoHears(body)) this.heard.push({ errback, failed, ofChord: true });
    return this.#never(body, failing('ChordError'));
  }

  /** Every task of it ends as the one that kept it from running did. */
  #never(tree: Tree, ending: Failing): Result {
    switch (tree.kind) {
      case 'task':
        this.endings.set(tree.id, ending);
        return { kind: 'one', ending };
      case 'chain':
        return told(tree)
          .map((step) => this.#never(step, ending))
          .at(-1) as Result;
      case 'group':
        return { kind: 'many', results: joined(tree.members, (member) => this.#never(member, ending)) };
      case 'chord':
        for (const member of tree.header) this.#never(member, ending);
        return this.#never(tree.body, ending);
    }
  }
}

/** Groups in a group are its members. */
function joined(members: readonly Tree[], come: (member: Tree) => Result): readonly Result[] {
  return members.map(bare).flatMap((member) => {
    const result = come(member);
    return member.kind === 'group' && result.kind === 'many' ? result.results : [result];
  });
}

const CALLS_BACK: ReadonlySet<string> = new Set(['fails', 'retries', 'exhausts', 'unknown']);

function failing(error: string): Failing {
  return { state: 'FAILURE', error };
}

function endingsOf(result: Result): readonly Ending[] {
  return result.kind === 'one' ? [result.ending] : result.results.flatMap(endingsOf);
}

function valuesOf(result: Result): unknown {
  if (result.kind === 'many') return result.results.map(valuesOf);
  return result.ending.state === 'SUCCESS' ? result.ending.value : undefined;
}

/** A task's value tells which task it is and what it was given, in few letters. */
export function valueOf(label: string, args: readonly unknown[]): string {
  const text = JSON.stringify([label, args]);
  let hash = 2_166_136_261;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 16_777_619);
  return (hash >>> 0).toString(36);
}

// What a canvas says of its parts.

/** A chain's steps, without chains among them, up to the last that is not empty; their error callbacks with the chain's. */
function told(tree: ChainTree): readonly Tree[];
function told(tree: GroupTree): readonly Tree[];
function told(tree: ChordTree): ChordTree;
function told(tree: ChainTree | GroupTree | ChordTree): readonly Tree[] | ChordTree {
  switch (tree.kind) {
    case 'chain': {
      const steps = flat(tree.steps);
      const end = steps.findLastIndex((step) => !isEmpty(step));
      const cut = end === -1 ? steps.slice(-1) : steps.slice(0, end + 1);
      return spread(cut, tree.errbacks);
    }
    case 'group':
      return tree.members.map((member) => heardBy(member, tree.errbacks));
    case 'chord':
      return { ...tree, body: heardBy(tree.body, tree.errbacks), errbacks: [] };
  }
}

function flat(steps: readonly Tree[]): readonly Tree[] {
  return steps.flatMap((step) => (step.kind === 'chain' ? spread(flat(step.steps), step.errbacks) : [step]));
}

/** A chain's error callbacks are its steps', but what fails in the header of a chord is told by its body. */
function spread(steps: readonly Tree[], errbacks: readonly Errback[]): readonly Tree[] {
  const filled = steps.findLastIndex((step) => !isEmpty(step));
  return steps.map((step, index) =>
    step.kind === 'group' && index < filled && step.members.length !== 1 ? step : heardBy(step, errbacks),
  );
}

function heardBy<T extends Tree>(tree: T, errbacks: readonly Errback[]): T {
  return errbacks.length === 0 ? tree : { ...tree, errbacks: [...tree.errbacks, ...errbacks] };
}

/** A chain of one step is that step. */
function bare(tree: Tree): Tree {
  const [only, second] = tree.kind === 'chain' ? told(tree) : [];
  return only === undefined || second !== undefined ? tree : only;
}

function chainOf(steps: readonly Tree[]): Tree {
  const [only] = steps;
  if (steps.length === 1 && only !== undefined) return only;
  return { kind: 'chain', steps, errbacks: [] };
}

function isEmpty(tree: Tree): boolean {
  switch (tree.kind) {
    case 'task':
      return false;
    case 'chain':
      return tree.steps.every(isEmpty);
    case 'group':
      return tree.members.every(isEmpty);
    case 'chord':
      return isEmpty(tree.body) && tree.header.every(isEmpty);
  }
}

function endsInGroup(tree: Tree): boolean {
  switch (tree.kind) {
    case 'task':
      return false;
    case 'group':
      return true;
    case 'chain':
      return endsInGroup(told(tree).at(-1) as Tree);
    case 'chord':
      return endsInGroup(tree.body);
  }
}

/** Id of what stands for a canvas. */
function endOf(tree: Tree): string {
  switch (tree.kind) {
    case 'task':
    case 'group':
      return tree.id;
    case 'chain':
      return endOf(told(tree).at(-1) as Tree);
    case 'chord':
      return endOf(tree.body);
  }
}

/** Who hears that a canvas will not run: the error callbacks of what would have run first, each once. */
function whoHears(tree: Tree): readonly string[] {
  return [...new Set(first(tree).flatMap(({ errbacks }) => errbacks.map(({ name }) => name)))];
}

function first(tree: Tree): readonly TaskTree[] {
  switch (tree.kind) {
    case 'task':
      return [tree];
    case 'chain': {
      const [step, next] = told(tree);
      if (step === undefined) return [];
      // A group that something follows is a header.
      if (next === undefined || step.kind === 'task') return first(step);
      const [only] = step.kind === 'group' ? step.members : [];
      if (step.kind === 'group' && step.members.length === 1 && only !== undefined)
        return first(chainOf(flat([heardBy(only, step.errbacks), ...told(tree).slice(1)])));
      const header = step.kind === 'group' ? told(step) : step.kind === 'chord' ? step.header : [];
      const body = step.kind === 'chord' ? [told(step).body] : [];
      return headerOrBody(header, chainOf([...body, ...told(tree).slice(1)]));
    }
    case 'group':
      return told(tree).flatMap(first);
    case 'chord':
      return headerOrBody(tree.header, told(tree).body);
  }
}

function headerOrBody(header: readonly Tree[], body: Tree): readonly TaskTree[] {
  const those = header.flatMap(first);
  return those.some(({ errbacks }) => errbacks.length > 0) ? those : first(body);
}

/** A canvas in the place of a task: its end is the task from then on, and every task of it tells the task's errbacks. */
function inPlaceOf({ id, links, errbacks }: TaskTree, by: Tree): Tree {
  const one: Tree = endsInGroup(by) ? chainOf([by, ACCUMULATE]) : by;
  return heardBy(endingAs(one, id, links), errbacks);
}

function endingAs(tree: Tree, id: string, links: readonly Tree[]): Tree {
  switch (tree.kind) {
    case 'task': {
      const own = tree.does.does === 'revoked' ? ({ does: 'ok' } as const) : tree.does;
      return { ...tree, id, does: own, links: [...tree.links, ...links] };
    }
    case 'chain': {
      const steps = told(tree);
      return {
        kind: 'chain',
        steps: [...steps.slice(0, -1), endingAs(steps.at(-1) as Tree, id, links)],
        errbacks: [],
      };
    }
    case 'chord':
      return { ...tree, body: endingAs(tree.body, id, links) };
    case 'group':
      throw new Error('a group ends as many');
  }
}

const ACCUMULATE: TaskTree = {
  kind: 'task',
  id: 'replaced',
  label: 'replaced',
  does: { does: 'accumulates' },
  immutable: false,
  links: [],
  errbacks: [],
};
