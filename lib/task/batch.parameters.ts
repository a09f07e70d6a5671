import { InvalidOptionError } from '../errors.js';
import { parametersOf, type ParameterHints } from './parameters.js';
import type { Parameters } from './task.definition.js';

/**
 * What one message of a batch task takes: what `params` names, or else any number of positional arguments. The method itself
 * takes the batch.
 * @throws InvalidOptionError for a method that takes something else
 */
export function parametersOfItems(
  name: string,
  method: (...args: never[]) => unknown,
  { contextIndex, decorated, params, typing }: ParameterHints,
): Parameters {
  const written = parametersOf(method, { contextIndex, decorated });
  if (written.names.length !== 1 || written.rest) {
    const names = [...written.names.map((each) => each ?? '(unnamed)'), ...(written.rest ? ['...'] : [])];
    throw new InvalidOptionError(
      `@Task(${name}).batch`,
      `the method must take one parameter, the batch (and a TaskContext, if it wants one), but it takes (${names.join(', ')})`,
    );
  }
  const anything = (..._args: never[]): void => undefined;
  Object.defineProperty(anything, 'name', { value: written.method });
  return parametersOf(anything, { params: params ?? ['...args'], typing });
}
