import { resolve } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';

/** A call that does not fit → what the compiler says, and of which part of the call. */
const REFUSED = {
  'mail.send.s("a", "b").pipe(mail.add.s(1))': [
    'mail.add.s(1)',
    'ChainError<"result of the previous task is not assignable", Receipt, number>',
  ],
  'chain(mail.send.s("a", "b"), mail.add.s(1))': [
    'mail.add.s(1)',
    'ChainError<"result of the previous task is not assignable", Receipt, number>',
  ],
  'chain(mail.add.s(1, 2), mail.ping.s())': [
    'mail.ping.s()',
    'ChainError<"this task takes no argument; use .si()", number, []>',
  ],
  'chain(mail.add.s(1, 2), mail.add.s())': [
    'mail.add.s()',
    'ChainError<"more than one argument is missing", number, [a: number, b: number]>',
  ],
  'chain(mail.add.s(1, 2), group(mail.add.s(1), mail.add.s(1, 2)))': [
    'group(mail.add.s(1), mail.add.s(1, 2))',
    'ChainError<"the members of this group need different arguments", number, never>',
  ],
  'chord([mail.add.s(1, 2), mail.add.s(1, 2)], mail.both.s())': [
    'mail.both.s()',
    'ChainError<"result of the previous task is not assignable", [number, number], [Receipt, number]>',
  ],
  'mail.add.s(1, 2).link(mail.format.s())': [
    'mail.format.s()',
    'ChainError<"result of the previous task is not assignable", number, Receipt>',
  ],
  'mail.add.s("x")': ['"x"', "'string' is not assignable to type 'number'"],
  'mail.add.si(1)': ['si', 'Expected 2 arguments, but got 1'],
  'map(mail.add, [1, 2])': [
    '[1, 2]',
    'ChainError<"this task cannot be called with one argument; use starmap"',
  ],
} as const;

const FILE = resolve('test/types/refused.ts');
const HEAD = [
  "import { chain } from '../../lib/canvas/chain.js';",
  "import { chord } from '../../lib/canvas/chord.js';",
  "import { group } from '../../lib/canvas/group.js';",
  "import { map } from '../../lib/canvas/map.js';",
  "import type { TaskClient } from '../../lib/client/task.client.js';",
  "import { MailTasks } from './mail-tasks.js';",
  'declare const client: TaskClient;',
  'const mail = client.of(MailTasks);',
  'void [chain, chord, group, map];',
].join('\n');

/** Line → what is wrong in it. */
function diagnosticsOf(code: string): Map<number, { at: string; message: string }> {
  const config = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, resolve('.'));
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  const getSourceFile = host.getSourceFile.bind(host);
  const source = ts.createSourceFile(FILE, code, ts.ScriptTarget.ES2023, true);
  source.impliedNodeFormat = ts.ModuleKind.ESNext;
  host.fileExists = (path) => path === FILE || fileExists(path);
  host.readFile = (path) => (path === FILE ? code : readFile(path));
  host.getSourceFile = (path, ...rest) => (path === FILE ? source : getSourceFile(path, ...rest));
  const program = ts.createProgram([FILE], options, host);
  return new Map(
    program.getSemanticDiagnostics(source).map(({ start = 0, length = 0, messageText }) => [
      source.getLineAndCharacterOfPosition(start).line,
      {
        at: code.slice(start, start + length),
        message: ts.flattenDiagnosticMessageText(messageText, '\n'),
      },
    ]),
  );
}

describe('the compiler', () => {
  const calls = Object.keys(REFUSED);
  const firstLine = HEAD.split('\n').length;
  let found = new Map<number, { at: string; message: string }>();

  beforeAll(() => {
    found = diagnosticsOf([HEAD, ...calls].join('\n'));
  }, 120_000);

  it.each(Object.entries(REFUSED))('says of %s what is wrong, and where', (call, [at, message]) => {
    const said = found.get(firstLine + calls.indexOf(call));
    expect(said?.at).toBe(at);
    expect(said?.message).toContain(message);
  });

  it('has nothing against the rest', () => {
    expect(found.size).toBe(calls.length);
  });
});
