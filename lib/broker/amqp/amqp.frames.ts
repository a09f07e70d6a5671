import type { ChannelModel } from 'amqplib';
import { readProperties } from './amqp.properties.js';

/**
 * amqplib ends the whole connection over headers that it cannot read: a 64-bit number as Python writes it (`L`), or
 * tables nested a few thousand deep. The message then comes again on the next connection, and so for ever. Here such a
 * frame is read once more, by a reader that knows every type and gives up on one message only.
 *
 * This is the one place that reaches into amqplib: `recvFrame` takes one frame off `rest`, decoded.
 */
export function guardFrames(model: ChannelModel): void {
  const connection: unknown = model.connection;
  if (!isFrameReader(connection)) return;
  const recvFrame = connection.recvFrame.bind(connection);
  connection.recvFrame = () => {
    const before = connection.rest;
    try {
      return recvFrame();
    } catch (error) {
      const frame = readHeaderFrame(before);
      if (frame === undefined) throw error;
      return frame;
    }
  };
}

interface FrameReader {
  /** What has come and is not read yet; begins with a frame. */
  rest: Buffer;
  recvFrame(): unknown;
}

function isFrameReader(value: unknown): value is FrameReader {
  if (typeof value !== 'object' || value === null) return false;
  return Buffer.isBuffer(Reflect.get(value, 'rest')) && typeof Reflect.get(value, 'recvFrame') === 'function';
}

const HEADER_FRAME = 2;
/** Type, channel and size. */
const FRAME_PREFIX_BYTES = 7;
/** Class, weight and size of the body. */
const CONTENT_PREFIX_BYTES = 12;
const BASIC_CLASS = 60;

/** In amqplib's shape; undefined for any other frame and for half a frame. */
function readHeaderFrame(bytes: Buffer) {
  if (bytes.length < FRAME_PREFIX_BYTES || bytes.readUInt8(0) !== HEADER_FRAME) return undefined;
  const end = FRAME_PREFIX_BYTES + bytes.readUInt32BE(3);
  const payload = bytes.subarray(FRAME_PREFIX_BYTES, end);
  if (
    bytes.length <= end ||
    payload.length < CONTENT_PREFIX_BYTES ||
    payload.readUInt16BE(0) !== BASIC_CLASS
  ) {
    return undefined;
  }
  return {
    id: BASIC_CLASS,
    channel: bytes.readUInt16BE(1),
    size: Number(payload.readBigUInt64BE(4)),
    fields: readProperties(payload.subarray(CONTENT_PREFIX_BYTES)),
  };
}
