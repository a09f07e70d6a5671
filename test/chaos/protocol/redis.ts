import { Remainder, type FrameReader } from './frame.js';

const CRLF = '\r\n';
/** These are answered once for each channel. */
const FOR_EACH = new Set(['SUBSCRIBE', 'UNSUBSCRIBE', 'PSUBSCRIBE', 'PUNSUBSCRIBE']);
const SAID = /^[*>]\d+\r\n\$\d+\r\np?message\r\n/;

export function redisReader(): FrameReader {
  const rests = { toServer: new Remainder(), toClient: new Remainder() };
  const asked: string[] = [];
  return {
    read(direction, bytes) {
      return rests[direction]
        .cut(bytes, (some) => sizeOf(some, 0))
        .map((whole) => {
          const frame = { direction, bytes: whole, channel: 0 };
          if (direction === 'toServer') {
            const { name, words } = commandOf(whole);
            const times = FOR_EACH.has(name) ? words - 1 : 1;
            asked.push(...Array.from({ length: times }, () => name));
            return { ...frame, name };
          }
          if (SAID.test(whole.toString('latin1', 0, 40))) return { ...frame, name: 'message' };
          return { ...frame, name: asked.shift() ?? 'unasked' };
        });
    },
  };
}

/** Of a command as an array of strings, the only form that clients use. */
function commandOf(bytes: Buffer): { name: string; words: number } {
  const [count = '', , name = ''] = bytes.toString('latin1', 0, 120).split(CRLF);
  return { name: name.toUpperCase(), words: Number(count.slice(1)) };
}

/** Of the value that starts here (RESP 2 and 3); undefined: it is not all there. */
function sizeOf(bytes: Buffer, from: number): number | undefined {
  const end = bytes.indexOf(CRLF, from);
  if (end < 0) return undefined;
  const next = end + CRLF.length - from;
  const length = Number(bytes.toString('latin1', from + 1, end));
  switch (String.fromCharCode(bytes[from] ?? 0)) {
    case '$':
    case '!':
    case '=': {
      const size = length < 0 ? next : next + length + CRLF.length;
      return bytes.length < from + size ? undefined : size;
    }
    case '*':
    case '~':
    case '>':
      return sizeOfMany(bytes, from, next, length);
    case '%':
      return sizeOfMany(bytes, from, next, length * 2);
    default:
      return next;
  }
}

function sizeOfMany(bytes: Buffer, from: number, head: number, count: number): number | undefined {
  let size = head;
  for (let index = 0; index < count; index += 1) {
    const next = sizeOf(bytes, from + size);
    if (next === undefined) return undefined;
    size += next;
  }
  return size;
}
