import type { Direction } from '../fault-proxy.js';
import { Remainder, type Frame, type FrameReader } from './frame.js';

const GREETING_BYTES = 8;
/** Type, channel and size. */
const PREFIX_BYTES = 7;
const END = 0xce;

const METHOD = 1;
const TYPES: Readonly<Record<number, string>> = { 2: 'header', 3: 'body', 8: 'heartbeat' };

/** AMQP 0-9-1 by class and method. */
const METHODS: Readonly<Record<number, readonly [string, Readonly<Record<number, string>>]>> = {
  10: [
    'connection',
    {
      10: 'start',
      11: 'start-ok',
      30: 'tune',
      31: 'tune-ok',
      40: 'open',
      41: 'open-ok',
      50: 'close',
      51: 'close-ok',
      60: 'blocked',
      61: 'unblocked',
    },
  ],
  20: ['channel', { 10: 'open', 11: 'open-ok', 20: 'flow', 21: 'flow-ok', 40: 'close', 41: 'close-ok' }],
  40: ['exchange', { 10: 'declare', 11: 'declare-ok', 20: 'delete', 21: 'delete-ok' }],
  50: [
    'queue',
    {
      10: 'declare',
      11: 'declare-ok',
      20: 'bind',
      21: 'bind-ok',
      30: 'purge',
      31: 'purge-ok',
      40: 'delete',
      41: 'delete-ok',
    },
  ],
  60: [
    'basic',
    {
      10: 'qos',
      11: 'qos-ok',
      20: 'consume',
      21: 'consume-ok',
      30: 'cancel',
      31: 'cancel-ok',
      40: 'publish',
      50: 'return',
      60: 'deliver',
      80: 'ack',
      90: 'reject',
      120: 'nack',
    },
  ],
  85: ['confirm', { 10: 'select', 11: 'select-ok' }],
};

export function amqpReader(): FrameReader {
  const rests = { toServer: new Remainder(), toClient: new Remainder() };
  let greeted = false;
  return {
    read(direction, bytes) {
      return rests[direction].cut(bytes, sizeOf).map((whole) => {
        if (direction === 'toServer' && !greeted) {
          greeted = true;
          return { direction, name: 'greeting', bytes: whole, channel: 0 };
        }
        return frameOf(direction, whole);
      });
    },
  };
}

/** The frame of a method. @param fields its arguments, as AMQP writes them */
export function methodFrame(channel: number, name: string, fields: Buffer): Buffer {
  for (const [classId, [className, methods]] of Object.entries(METHODS)) {
    for (const [methodId, method] of Object.entries(methods)) {
      if (`${className}.${method}` !== name) continue;
      const frame = Buffer.alloc(PREFIX_BYTES + 4 + fields.length + 1, END);
      frame.writeUInt8(METHOD, 0);
      frame.writeUInt16BE(channel, 1);
      frame.writeUInt32BE(4 + fields.length, 3);
      frame.writeUInt16BE(Number(classId), 7);
      frame.writeUInt16BE(Number(methodId), 9);
      fields.copy(frame, 11);
      return frame;
    }
  }
  throw new Error(`No method of AMQP: ${name}`);
}

function sizeOf(bytes: Buffer): number | undefined {
  if (bytes.length < PREFIX_BYTES) return undefined;
  // The only thing that does not begin with a frame's type.
  if (bytes[0] === 'A'.charCodeAt(0)) return bytes.length < GREETING_BYTES ? undefined : GREETING_BYTES;
  const size = PREFIX_BYTES + bytes.readUInt32BE(3) + 1;
  if (bytes.length < size) return undefined;
  if (bytes[size - 1] !== END) throw new Error('The bytes on the wire are not AMQP');
  return size;
}

function frameOf(direction: Direction, bytes: Buffer): Omit<Frame, 'wire'> {
  const type = bytes.readUInt8(0);
  const channel = bytes.readUInt16BE(1);
  if (type !== METHOD) return { direction, name: TYPES[type] ?? `type ${type}`, bytes, channel };
  const [classId, methodId] = [bytes.readUInt16BE(PREFIX_BYTES), bytes.readUInt16BE(PREFIX_BYTES + 2)];
  const [className, methods] = METHODS[classId] ?? [`class ${classId}`, {}];
  return { direction, name: `${className}.${methods[methodId] ?? methodId}`, bytes, channel };
}
