import { readFileSync } from 'node:fs';

/** Memory of processes together. Linux counts in pages of 4 KiB. */
export function residentMiB(pids: readonly number[]): number {
  const pages = pids.map((pid) => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]));
  return (pages.reduce((sum, each) => sum + each, 0) * 4) / 1_024;
}

/** CPU time that processes have used together so far. Linux counts in hundredths of a second. */
export function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) * 10;
  }, 0);
}
