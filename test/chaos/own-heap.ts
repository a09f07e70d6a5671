import { appendFileSync } from 'node:fs';
import { heapInUse } from './heap.js';

/** Writes what of this process's heap is in use to the file, a line `bytes rss`, whenever SIGUSR2 asks for it. */
export function tellHeapIn(file: string): void {
  process.on('SIGUSR2', () => {
    const bytes = heapInUse();
    appendFileSync(file, `${bytes} ${process.memoryUsage.rss()}\n`);
  });
}
