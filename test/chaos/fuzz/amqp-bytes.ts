import type { Random } from '../random.js';
import { NAMES } from './odd-values.js';

/** Flags of a message's properties: content type, content encoding, headers, delivery mode, priority, correlation id. */
const FLAGS = 0b1111_1100_0000_0000;
const DEEPEST = 70;

/** The properties of a message as RabbitMQ sends them, their headers with every type of field there is, nested. */
export function propertyBytes(random: Random): Buffer {
  const flags = Buffer.alloc(2);
  flags.writeUInt16BE(FLAGS);
  // Now and then deeper than a reader should go.
  const depth = random.fraction() < 0.02 ? DEEPEST : random.between(0, 4);
  return Buffer.concat([
    flags,
    short('application/json'),
    short('utf-8'),
    block(tableOf(random, depth)),
    Buffer.from([2, random.between(0, 255)]),
    short('an-id'),
  ]);
}

function tableOf(random: Random, depth: number): Buffer {
  const length = depth > 4 ? 1 : random.between(0, 4);
  const fields = Array.from({ length }, () => fieldOf(random, depth));
  return Buffer.concat(fields.map((field) => Buffer.concat([short(random.pick(NAMES)), field])));
}

const FIXED_BYTES: readonly (readonly [type: string, bytes: number])[] = [
  ...(['t', 'b', 'B'] as const).map((type) => [type, 1] as const),
  ...(['s', 'U', 'u'] as const).map((type) => [type, 2] as const),
  ...(['I', 'i', 'f'] as const).map((type) => [type, 4] as const),
  ...(['l', 'L', 'd', 'T'] as const).map((type) => [type, 8] as const),
  ['D', 5],
  ['V', 0],
];

function fieldOf(random: Random, depth: number): Buffer {
  if (depth > 4 || (depth > 0 && random.fraction() < 0.5)) {
    const isTable = random.fraction() < 0.5;
    const inner = isTable ? tableOf(random, depth - 1) : fieldOf(random, depth - 1);
    return Buffer.concat([Buffer.from(isTable ? 'F' : 'A'), block(inner)]);
  }
  if (random.fraction() < 0.3) {
    const text = Buffer.from(random.pick(NAMES));
    return Buffer.concat([Buffer.from(random.pick(['S', 'x'])), block(text)]);
  }
  const [type, bytes] = random.pick(FIXED_BYTES);
  const value = Buffer.from(Array.from({ length: bytes }, () => random.pick([0, 1, 127, 128, 255])));
  return Buffer.concat([Buffer.from(type), value]);
}

function short(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function block(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
