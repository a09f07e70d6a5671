/** Where log lines go. Nest's `Logger` is one. */
export interface Log {
  debug(message: string): void;
  log(message: string): void;
  warn(message: string): void;
  /** @param stack printed below the message where the logger can */
  error(message: string, stack?: string): void;
}

export const silentLog: Log = { debug() {}, log() {}, warn() {}, error() {} };
