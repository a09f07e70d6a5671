/** Requests on their way at a time. */
const AT_A_TIME = 500;

/** Some at a time, in their order; ends with the first part that `enough` says is enough. */
export async function inTurns<T, U>(
  items: readonly T[],
  work: (item: T) => Promise<U>,
  enough: (some: readonly U[]) => boolean = () => false,
): Promise<U[]> {
  const done: U[] = [];
  for (let from = 0; from < items.length; from += AT_A_TIME) {
    const some = await Promise.all(items.slice(from, from + AT_A_TIME).map(work));
    done.push(...some);
    if (enough(some)) break;
  }
  return done;
}
