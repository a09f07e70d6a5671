import { UnsupportedError } from '../errors.js';
import type { ResultBackend } from './result-backend.js';

/** What a backend says of groups that keeps nothing where others could find it. */
export const NO_GROUPS: Pick<ResultBackend, 'chords' | 'saveGroup' | 'restoreGroup' | 'deleteGroup'> = {
  chords: undefined,
  saveGroup: refuse('Saving a group'),
  restoreGroup: refuse('Restoring a group'),
  deleteGroup: refuse('Deleting a saved group'),
};

function refuse(what: string): () => Promise<never> {
  return async () => {
    throw new UnsupportedError(
      what,
      'this result backend keeps nothing that another process could read. Use redis:// or memory://.',
    );
  };
}
