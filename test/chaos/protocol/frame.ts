import type { Direction, TappedWire } from '../fault-proxy.js';

/** One piece of a protocol, whole. */
export interface Frame {
  readonly direction: Direction;
  /**
   * AMQP: `basic.publish`, `basic.ack`, `header`, `body`, `heartbeat`, `greeting`. Redis: `EVALSHA`, and a reply has the name
   * of the command it answers; `message` for what is said to subscribers.
   */
  readonly name: string;
  readonly bytes: Buffer;
  /** AMQP: the channel; Redis: 0. */
  readonly channel: number;
  /** The connection it came on. */
  readonly wire: TappedWire;
}

/** Cuts the bytes of one connection into frames. Keeps what is not whole yet. */
export interface FrameReader {
  read(direction: Direction, bytes: Buffer): readonly Omit<Frame, 'wire'>[];
}

/** Bytes that came and are not a whole frame yet. */
export class Remainder {
  #bytes: Buffer = Buffer.alloc(0);

  /** @param sizeOf length of the frame that starts here; undefined: it is not all there */
  cut(bytes: Buffer, sizeOf: (bytes: Buffer) => number | undefined): Buffer[] {
    let rest = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    const whole: Buffer[] = [];
    for (let size = sizeOf(rest); rest.length > 0 && size !== undefined; size = sizeOf(rest)) {
      whole.push(rest.subarray(0, size));
      rest = rest.subarray(size);
    }
    this.#bytes = rest;
    return whole;
  }
}
