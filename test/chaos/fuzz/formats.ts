import type { Content } from '../../../lib/message/content.js';
import type { Random } from '../random.js';
import { propertyBytes } from './amqp-bytes.js';
import { hostileEnvelopes } from './hostile.js';
import { looseJson } from './loose-json.js';
import { Mutator } from './mutator.js';
import {
  readsBodies,
  readsControl,
  readsEnvelopes,
  readsEvents,
  readsReplies,
  readsResults,
  readsTables,
} from './readers.js';
import { recorded } from './recorded.js';
import type { WatchWish } from './watch.js';

type Fuzz = Pick<WatchWish, 'next' | 'reads'>;

/** Every form in which something comes from outside: inputs that are nearly right, and what reads them. */
export const FORMATS: Readonly<Record<string, (content: Content, random: Random) => Fuzz>> = {
  msgpack: (content, random) => bodies(content, random, 'msgpack', [undefined]),
  yaml: (content, random) => bodies(content, random, 'yaml', [undefined]),
  compression: (content, random) => bodies(content, random, 'json', ['gzip', 'brotli', 'bzip2', 'zstd']),
  base64: (_content, random) => ({ next: mutatedBase64(random), reads: readsEnvelopes }),
  'AMQP tables': (content, random) => {
    const mutator = new Mutator(random);
    const next = () => {
      const bytes = propertyBytes(random);
      return random.fraction() < 0.5 ? bytes : mutator.bytes(bytes);
    };
    return { next, reads: readsTables(content) };
  },
  'Redis envelopes': (_content, random) => ({
    next: hostileEnvelopes('task', random),
    reads: readsEnvelopes,
  }),
  events: (content, random) => ({ next: hostileEnvelopes('events', random), reads: readsEvents(content) }),
  control: (content, random) => ({ next: hostileEnvelopes('control', random), reads: readsControl(content) }),
  replies: (content, random) => ({ next: hostileEnvelopes('reply', random), reads: readsReplies(content) }),
  results: (content, random) => {
    const mutator = new Mutator(random);
    const sound = recorded('result').map((raw) => JSON.parse(raw) as unknown);
    const next = () => {
      const document = Buffer.from(looseJson(mutator.value(random.pick(sound))));
      return random.fraction() < 0.6 ? document : mutator.bytes(document);
    };
    return { next, reads: readsResults(content) };
  },
};

/** Bodies of recorded tasks in another form; half of them changed before they are written, half afterwards. */
function bodies(
  content: Content,
  random: Random,
  serializer: string,
  compressions: readonly (string | undefined)[],
): Fuzz {
  const mutator = new Mutator(random);
  const values = recorded('task').map((raw) => {
    const { body } = JSON.parse(raw) as { readonly body: string };
    return JSON.parse(Buffer.from(body, 'base64').toString()) as unknown;
  });
  const forms = compressions.map((compression) => content.encode([], serializer, compression));
  const written = (value: unknown, form: number): Buffer => {
    const { body } = content.encode(value, serializer, compressions[form]);
    return Buffer.concat([Buffer.from([form]), body]);
  };
  const sound = values.flatMap((value) => forms.map((_, form) => written(value, form)));
  const next = () => {
    if (random.fraction() < 0.5) {
      try {
        return written(mutator.value(random.pick(values)), random.between(0, forms.length - 1));
      } catch {
        // Not everything has a form there.
      }
    }
    const bytes = random.pick(sound);
    return Buffer.concat([bytes.subarray(0, 1), mutator.bytes(bytes.subarray(1))]);
  };
  const described = (first: number) => {
    const { contentType, contentEncoding, compression } =
      forms[first % forms.length] ?? content.encode([], 'json');
    return { contentType, contentEncoding, headers: { task: 'tw.add', id: 'an-id', compression } };
  };
  return { next, reads: readsBodies(content, described) };
}

function mutatedBase64(random: Random): () => Buffer {
  const mutator = new Mutator(random);
  const sound = recorded('task').map((raw) => JSON.parse(raw) as { readonly body: string });
  return () => {
    const envelope = random.pick(sound);
    const body = mutator.bytes(Buffer.from(envelope.body)).toString('latin1');
    return Buffer.from(JSON.stringify({ ...envelope, body }));
  };
}
