import { Inject } from '@nestjs/common';
import { getControlClientToken } from '../tokens.js';

/** Injects the `ControlClient` of a named app: `@InjectControlClient('billing') control: ControlClient`. */
export const InjectControlClient: (name?: string) => PropertyDecorator & ParameterDecorator = (name) =>
  Inject(getControlClientToken(name));
