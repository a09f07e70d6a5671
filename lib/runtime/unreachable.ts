/** Closes a switch over a union: the compiler names each place that must learn a new member. */
export function unreachable(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}
