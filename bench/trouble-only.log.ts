/** Of what an app says: its warnings and errors. */
export const TROUBLE_ONLY = Object.freeze({
  debug: (): void => undefined,
  log: (): void => undefined,
  warn: (message: string): void => console.error(message),
  error: (message: string): void => console.error(message),
});
