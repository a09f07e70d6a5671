#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { EXIT } from './exit-code.js';
import { main } from './main.js';
import { processTerminal } from './terminal.js';

// Children of a worker's pools run this script again: by its own path, not by the link that npm makes to it.
process.argv[1] = fileURLToPath(import.meta.url);

// Whoever read the output has gone (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

let interrupted: AbortController | undefined;
const interruption = (): AbortSignal => {
  if (interrupted !== undefined) return interrupted.signal;
  const controller = new AbortController();
  process.on('SIGINT', () => {
    // Who has to ask twice is let go at once.
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  });
  interrupted = controller;
  return controller.signal;
};

// A command may wait for something that keeps no process alive: the embedded broker, a timer.
setInterval(() => undefined, 2 ** 30);
const exitCode = await main(process.argv.slice(2), {
  env: process.env,
  terminal: processTerminal(process.env),
  folder: process.cwd(),
  interruption,
});
// An application may leave connections open: the command has ended all the same, once what it said is written.
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
process.exit(exitCode);
