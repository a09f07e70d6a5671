import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileLib } from '../support/compiled-lib.js';
import { own, untilUp } from '../support/servers/process.js';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command line as a process of its own, in a folder of its own, with an application beside it. */
export async function openCli() {
  const lib = await compileLib();
  const folder = await mkdtemp(join(tmpdir(), 'celery-cli-'));
  const app = await lib.compile(join(import.meta.dirname, 'fixture.module.ts'), 'app.module.js');
  const bin = join(lib.folder, 'cli', 'bin.js');
  const { PATH, HOME } = process.env;
  const bare = { PATH, HOME, XDG_CACHE_HOME: join(folder, 'cache') };
  return {
    app,
    folder,
    /** Runs a command line to its end. Nobody is at its terminal. */
    async run(argv: readonly string[], env: NodeJS.ProcessEnv = {}, input = ''): Promise<Ended> {
      return ended(spawn(process.execPath, [bin, ...argv], { cwd: folder, env: { ...bare, ...env } }), input);
    },
    /** Runs a command line at a terminal of its own, and presses these keys once it asks. What it wrote is what a screen got. */
    atTerminal: (argv: readonly string[], keys: string) =>
      ended(
        spawn('/usr/bin/python3', ['-c', ASKED, keys, process.execPath, bin, ...argv], {
          cwd: folder,
          env: bare,
        }),
      ),
    /** A worker by `nest-celery worker`; resolves when it is ready. */
    async worker(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
      const command = [process.execPath, bin, 'worker', '-A', app, ...argv];
      const worker = own(command, { ...bare, ...env }, folder);
      await untilUp(worker, 'nest-celery worker', async () => / ready: /.test(worker.output()));
      return worker;
    },
    /** A command that goes on until it is told to stop. */
    start: (argv: readonly string[], env: NodeJS.ProcessEnv = {}) =>
      own([process.execPath, bin, ...argv], { ...bare, ...env }, folder),
    /** A beat by `nest-celery beat`; resolves when it leads. */
    async beat(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
      const beat = own([process.execPath, bin, 'beat', '-A', app, ...argv], { ...bare, ...env }, folder);
      await untilUp(beat, 'nest-celery beat', async () => / leads /.test(beat.output()));
      return beat;
    },
    async [Symbol.asyncDispose]() {
      await lib[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ended(child: ChildProcessWithoutNullStreams, input = ''): Promise<Ended> {
  const written = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (written.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (written.err += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  await once(child, 'close');
  return { code: child.exitCode, ...written };
}

/** Python has terminals in its library: keys and command → what was on the screen, and the exit code. */
const ASKED = `
import os, pty, sys
keys, *command = sys.argv[1:]
pid, screen = pty.fork()
if pid == 0:
    os.execv(command[0], command)
shown = b""
while True:
    try:
        read = os.read(screen, 4096)
    except OSError:
        break
    if not read:
        break
    shown += read
    if keys and b"[y/N] " in shown:
        os.write(screen, keys.encode())
        keys = ""
sys.stdout.write(shown.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

export type CliWorld = Awaited<ReturnType<typeof openCli>>;
