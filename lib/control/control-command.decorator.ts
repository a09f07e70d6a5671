import { declareCommand } from './control-command.metadata.js';

/**
 * Makes a method of a provider a remote command of this application's workers, beside Celery's own: `ControlClient.ask` and
 * Celery's `app.control.broadcast` reach it by its name. It gets the arguments as they came, from whoever can write to the
 * broker: check them. What it returns is the reply, in JSON; what it throws is told as an error.
 * @param name default: the method's name
 * @example @ControlCommand('flush_cache') flush({ prefix }: Record<string, unknown>) { … }
 */
export function ControlCommand(
  name?: string,
): <M extends (args: Readonly<Record<string, unknown>>) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void {
  return (_target, _key, descriptor) => declareCommand(descriptor.value, name);
}
