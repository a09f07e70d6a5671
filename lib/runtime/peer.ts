import { MissingPackageError } from '../errors.js';

/**
 * Optional packages stay optional: loaded by the one file that speaks to them, on first use.
 * @throws MissingPackageError that says what to install
 */
export async function loadPeer<T>(
  packageName: string,
  neededFor: string,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new MissingPackageError(packageName, neededFor, cause);
  }
}
