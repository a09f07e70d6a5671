import { loadPeer } from '../runtime/peer.js';
import { bzip2 } from './bzip2.encoder.js';
import type { Compression } from './compression.js';

export const BZIP2_PACKAGE = '@foxglove/wasm-bz2';

/**
 * bzip2, read by the package `@foxglove/wasm-bz2`: the bzip2 library itself, which bounds what hostile data can do. No
 * kept package writes bzip2, so that is done here; without the reader neither is offered, for what a process writes its
 * own workers must read.
 * @throws MissingPackageError
 */
export async function openBzip2(): Promise<Compression> {
  const { default: Bzip2 } = await loadPeer(
    BZIP2_PACKAGE,
    'Compression "bzip2"',
    () => import('@foxglove/wasm-bz2'),
  );
  const reader = await keepingListeners(() => Bzip2.init());
  return {
    names: ['bzip2', 'bzip'],
    mimeType: 'application/x-bz2',
    compress: bzip2,
    decompress(bytes, maxBytes) {
      try {
        return Buffer.from(reader.decompress(bytes, maxBytes));
      } catch (cause) {
        throw isTooLarge(cause) ? new RangeError('more than allowed', { cause }) : cause;
      }
    },
  };
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && error.message.includes('BZ_OUTBUFF_FULL');
}

const UNCAUGHT = ['uncaughtException', 'unhandledRejection'] as const;

/** The package's loader also listens for what the whole process fails to catch, and would end it. That is not its business. */
function keepingListeners<T>(load: () => T): T {
  const before = UNCAUGHT.map((event) => new Set(process.rawListeners(event)));
  const loading = load();
  for (const [index, event] of UNCAUGHT.entries()) {
    for (const listener of process.rawListeners(event)) {
      if (before[index]?.has(listener) === false) process.off(event, listener as () => void);
    }
  }
  return loading;
}
