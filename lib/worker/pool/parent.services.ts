import type { ResultBackend } from '../../backend/result-backend.js';
import type { Broker, PublishOptions, PublishTarget } from '../../broker/broker.js';
import { UnsupportedError } from '../../errors.js';
import type { WireMessage } from '../../message/wire-message.js';
import type { ParentLink } from './parent.link.js';

/**
 * A child's broker: never connects, and publishes through the parent, which confirms. So a publish means the same in each
 * pool, the embedded broker is the parent's own, and a child that computes keeps no connection waiting.
 */
export function brokerOfParent(broker: Broker, link: ParentLink): Broker {
  const replaced: Partial<Broker> = {
    connect: async () => undefined,
    publish: async (target: PublishTarget, message: WireMessage, options?: PublishOptions) => {
      const { hold } = link;
      await link.call({
        what: 'publish',
        target: hold.load(target),
        message: hold.loadMessage(message),
        options: hold.load(options),
      });
    },
    consume: async () => {
      throw new UnsupportedError('Consuming in a child of a pool', 'its worker consumes for it');
    },
  };
  return overlaid(broker, replaced);
}

/** A child's result backend: never connects either. */
export function backendOfParent(backend: ResultBackend, link: ParentLink): ResultBackend {
  const replaced: Partial<ResultBackend> = {
    connect: async () => undefined,
    replyTo: link.port.mark.replyTo,
    watch: (taskId, onMeta, onUnreadable) => link.watch(taskId, onMeta, onUnreadable),
    close: () => backend.close(),
    chords: backend.chords === undefined ? undefined : called('chords', backend.chords, link),
  };
  return overlaid(called('backend', backend, link), replaced);
}

/** Whose methods are called in the parent. */
function called<T extends object>(what: 'backend' | 'chords', target: T, link: ParentLink): T {
  return new Proxy(target, {
    get(real, key) {
      const own: unknown = Reflect.get(real, key, real);
      if (typeof own !== 'function' || typeof key !== 'string') return own;
      return (...args: unknown[]) =>
        link.call({ what, method: key, args: args.map((each) => link.hold.load(each)) });
    },
  });
}

function overlaid<T extends object>(target: T, replaced: Partial<T>): T {
  return new Proxy(target, {
    get(real, key) {
      if (Object.hasOwn(replaced, key)) return Reflect.get(replaced, key);
      const own: unknown = Reflect.get(real, key, real);
      return typeof own === 'function' ? own.bind(real) : own;
    },
  });
}
