import type { Environment } from './read-given.js';

/** Where a command writes, and whom it asks. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Stdout is a screen that understands escape sequences. */
  readonly isScreen: boolean;
  /** Somebody can be asked. */
  readonly canAsk: boolean;
  readonly colours: boolean;
  /** Of the screen, or 80. */
  readonly columns: number;
  readonly rows: number;
  /**
   * The answer, without its line end; undefined when none can be had.
   * @throws Interrupted when Ctrl-C is the answer
   */
  ask(question: string): Promise<string | undefined>;
}

/** Somebody who was asked wants out. */
export class Interrupted extends Error {}

/** The terminal of this process. */
export function processTerminal(env: Environment): Terminal {
  const { stdin, stdout, stderr } = process;
  const dumb = env['TERM'] === 'dumb';
  const isScreen = stdout.isTTY === true && !dumb;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isScreen,
    canAsk: stdin.isTTY === true && stderr.isTTY === true,
    colours: wantsColours(env, isScreen),
    get columns() {
      return stdout.columns ?? 80;
    },
    get rows() {
      return stdout.rows ?? 24;
    },
    async ask(question) {
      const { createInterface } = await import('node:readline/promises');
      const lines = createInterface({ input: stdin, output: stderr });
      // Without an answer the cursor stays behind the question, where the shell would write on.
      const ended = new Promise<undefined>((resolve, reject) => {
        lines.once('SIGINT', () => reject(new Interrupted()));
        lines.once('close', () => resolve(undefined));
      });
      try {
        const answer = await Promise.race([lines.question(question), ended]);
        if (answer === undefined) stderr.write('\n');
        return answer;
      } catch (error) {
        stderr.write('\n');
        throw error;
      } finally {
        lines.close();
      }
    },
  };
}

/** https://no-color.org and https://force-color.org: the former wins. */
export function wantsColours(env: Environment, isScreen: boolean): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return isScreen;
}
