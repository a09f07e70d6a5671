import { AsyncLocalStorage } from 'node:async_hooks';

/** What becomes of an error that got away: it ends what still ran, what ran has ended already, or it must not be told. */
export type Escape = 'fails' | 'ended' | 'untold';

/** Code of the application that this library calls, to name it by what it lets go. */
export interface Owner {
  /** For log lines: `Task mail.send[…]`, `Listener Audit.onFailure`. */
  readonly label: string;
  /** A throw that nothing caught, or a rejection that nobody waits for. Never throws. */
  escaped(thrown: unknown): Escape;
}

const running = new AsyncLocalStorage<Owner>();
let watched = false;

/** Whose code is running, in callbacks and continuations of it too. */
export function ownerNow(): Owner | undefined {
  return running.getStore();
}

/** Runs `body` as this one's code. */
export function runAs<T>(owner: Owner, body: () => T): T {
  return running.run(owner, body);
}

/** The same where somebody catches what gets away; keeping track costs every promise of the process a little. */
export function runAsIfWatched<T>(owner: Owner, body: () => T): T {
  return watched ? running.run(owner, body) : body();
}

/** What gets away is caught in this process, from now on. */
export function watchOwners(): void {
  watched = true;
}
