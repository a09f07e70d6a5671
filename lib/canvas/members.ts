import type { AnyCanvas, Members } from './canvas.js';

/** Members changed one by one: a list at once, all else as it comes. */
export function mapMembers(
  members: Members,
  change: (member: AnyCanvas, index: number) => AnyCanvas,
): Members {
  if (isList(members)) return Object.freeze(members.map(change));
  if (Symbol.iterator in members) {
    return {
      *[Symbol.iterator]() {
        let index = 0;
        for (const member of members) yield change(member, index++);
      },
    };
  }
  return {
    async *[Symbol.asyncIterator]() {
      let index = 0;
      for await (const member of members) yield change(member, index++);
    },
  };
}

/** False for members that only come one by one when they are sent. */
export function isList(members: Members): members is readonly AnyCanvas[] {
  return Array.isArray(members);
}
