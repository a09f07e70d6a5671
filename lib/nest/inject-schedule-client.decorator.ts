import { Inject } from '@nestjs/common';
import { getScheduleClientToken } from '../tokens.js';

/** Injects the `ScheduleClient` of a named app: `@InjectScheduleClient('billing') schedules: ScheduleClient`. */
export const InjectScheduleClient: (name?: string) => PropertyDecorator & ParameterDecorator = (name) =>
  Inject(getScheduleClientToken(name));
