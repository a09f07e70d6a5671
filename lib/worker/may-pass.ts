import {
  EncodeError,
  InvalidCallError,
  InvalidCanvasError,
  InvalidOptionError,
  UnroutableError,
  UnsupportedError,
} from '../errors.js';

/** False for what would fail the same way again. */
export function mayPass(error: unknown): boolean {
  return !LASTING.some((each) => error instanceof each);
}

const LASTING = [
  EncodeError,
  InvalidOptionError,
  InvalidCallError,
  InvalidCanvasError,
  UnroutableError,
  UnsupportedError,
  TypeError,
  RangeError,
] as const;
