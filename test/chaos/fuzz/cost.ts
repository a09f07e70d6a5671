/**
 * How long it kept this process, ms: the less of the time on the wall and of the processor's, as much else may run on the
 * machine meanwhile.
 */
export async function costMs(work: () => unknown): Promise<number> {
  const cpu = process.cpuUsage();
  const begunMs = performance.now();
  await work();
  const wallMs = performance.now() - begunMs;
  const { user, system } = process.cpuUsage(cpu);
  return Math.min(wallMs, (user + system) / 1000);
}
