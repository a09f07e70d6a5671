import { GLOBAL_FLAGS } from './global.flags.js';
import type { Flags } from './flag.js';
import type { Head, Usage } from './usage.js';

export type Described = Head & Usage;

/** What can be written at one place of the command line. */
interface Place {
  /** The words before it: `''`, `call`, `quarantine replay`. */
  readonly path: string;
  readonly words: readonly string[];
  readonly flags: readonly string[];
}

/** The places of all commands: their names, the words they take, their flags. */
export function places(usages: readonly Described[]): readonly Place[] {
  const families = new Map<string, string[]>();
  for (const { name } of usages) {
    const [first = '', second] = name.split(' ');
    if (second !== undefined) families.set(first, [...(families.get(first) ?? []), second]);
  }
  const everywhere = flagsOf(GLOBAL_FLAGS);
  return [
    {
      path: '',
      words: [...new Set(usages.map(({ name }) => name.split(' ')[0] ?? ''))],
      flags: [...everywhere, '--version', '--help'],
    },
    ...[...families].map(([path, words]) => ({ path, words, flags: ['--help'] })),
    ...usages.map(({ name, args, flags }) => ({
      path: name,
      words: Object.values(args).flatMap(({ words }) => words),
      flags: [...flagsOf(flags), ...everywhere, '--help'],
    })),
  ];
}

function flagsOf(flags: Flags): string[] {
  return Object.values(flags)
    .filter(({ hidden }) => !hidden)
    .flatMap(({ term }) => term.match(/--?[A-Za-z][\w-]*/g) ?? []);
}

/** Bash and zsh: one function that finds the place by the words so far. */
export function bashScript(usages: readonly Described[]): string {
  const cases = places(usages).map(
    ({ path, words, flags }) =>
      `    ${JSON.stringify(path)}) words=${JSON.stringify([...words, ...flags].join(' '))} ;;`,
  );
  return `# Completion of nest-celery for bash, and for zsh with bashcompinit.
_nest_celery() {
  local current="\${COMP_WORDS[COMP_CWORD]}" place="" words="" word index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case " $(_nest_celery_words "$place") " in
      *" $word "*) [[ "$word" == -* ]] || place="\${place:+$place }$word" ;;
    esac
  done
  words="$(_nest_celery_words "$place")"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
_nest_celery_words() {
  local words=""
  case "$1" in
${cases.join('\n')}
  esac
  echo "$words"
}
complete -o default -F _nest_celery nest-celery
`;
}

export function zshScript(usages: readonly Described[]): string {
  return `autoload -U +X bashcompinit && bashcompinit\n${bashScript(usages)}`;
}

export function fishScript(usages: readonly Described[]): string {
  const lines = usages.flatMap((each) => {
    const [first = '', second] = each.name.split(' ');
    const about = each.summary.replaceAll("'", '’');
    const seen =
      second === undefined
        ? `__fish_seen_subcommand_from ${first}`
        : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`;
    const start =
      second === undefined
        ? `complete -c nest-celery -n __fish_use_subcommand -a ${first} -d '${about}'`
        : `complete -c nest-celery -n '__fish_seen_subcommand_from ${first}' -a ${second} -d '${about}'`;
    const words = Object.values(each.args).flatMap((arg) => arg.words);
    return [
      start,
      ...(words.length === 0 ? [] : [`complete -c nest-celery -n '${seen}' -a '${words.join(' ')}'`]),
      ...flagLines(each.flags, `-n '${seen}' `),
    ];
  });
  const families = [
    ...new Set(usages.filter(({ name }) => name.includes(' ')).map(({ name }) => name.split(' ')[0])),
  ];
  return [
    '# Completion of nest-celery for fish.',
    ...families.map((family) => `complete -c nest-celery -n __fish_use_subcommand -a ${family}`),
    ...flagLines(GLOBAL_FLAGS, ''),
    ...lines,
    '',
  ].join('\n');
}

function flagLines(flags: Flags, condition: string): string[] {
  return Object.values(flags)
    .filter(({ hidden }) => !hidden)
    .map(({ term, summary, words }) => {
      const short = /^-(\w)/.exec(term)?.[1];
      const long = /--([\w-]+)/.exec(term)?.[1] ?? '';
      const takes = term.includes('<') ? ` -r${words.length > 0 ? ` -a '${words.join(' ')}'` : ''}` : '';
      return `complete -c nest-celery ${condition}${short === undefined ? '' : `-s ${short} `}-l ${long}${takes} -d '${summary.replaceAll("'", '’')}'`;
    });
}
