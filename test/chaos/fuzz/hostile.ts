import type { Random } from '../random.js';
import { looseJson } from './loose-json.js';
import { Mutator } from './mutator.js';
import { recorded, type Kind } from './recorded.js';

interface Envelope {
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Envelopes made of recorded ones: something is wrong with the body, its bytes, the headers, the envelope or its bytes. */
export function hostileEnvelopes(kind: Exclude<Kind, 'result'>, random: Random): () => Buffer {
  const mutator = new Mutator(random);
  const sound = recorded(kind).map((raw) => {
    const envelope = JSON.parse(raw) as Envelope;
    const body = Buffer.from(envelope.body, 'base64');
    return { raw, envelope, body, value: JSON.parse(body.toString()) as unknown };
  });
  const packed = (envelope: Envelope, body: Buffer): Buffer =>
    Buffer.from(JSON.stringify({ ...envelope, body: body.toString('base64') }));
  return () => {
    const { raw, envelope, body, value } = random.pick(sound);
    switch (random.between(0, 9)) {
      case 0:
      case 1:
      case 2:
        return packed(envelope, Buffer.from(looseJson(mutator.value(value))));
      case 3:
      case 4:
        return packed(envelope, mutator.bytes(body));
      case 5:
      case 6:
      case 7:
        return Buffer.from(looseJson({ ...envelope, headers: mutator.value(envelope.headers) }));
      case 8:
        return Buffer.from(looseJson(mutator.value(envelope)));
      default:
        return mutator.bytes(Buffer.from(raw));
    }
  };
}
