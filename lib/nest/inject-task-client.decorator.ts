import { Inject } from '@nestjs/common';
import { getTaskClientToken } from '../tokens.js';

/** Injects the `TaskClient` of a named app: `@InjectTaskClient('billing') tasks: TaskClient`. */
export const InjectTaskClient: (name?: string) => PropertyDecorator & ParameterDecorator = (name) =>
  Inject(getTaskClientToken(name));
