import 'reflect-metadata';

const COMMAND_METADATA = Symbol('nestjs-celery:control-command');

/** @param name undefined: the method's own */
export function declareCommand(method: unknown, name: string | undefined): void {
  if (typeof method !== 'function') throw new TypeError('@ControlCommand() stands on methods only');
  Reflect.defineMetadata(COMMAND_METADATA, { name: name ?? method.name }, method);
}

/** The name of the command that the method is; undefined: it is none. */
export function declaredCommand(method: object): string | undefined {
  const found = Reflect.getMetadata(COMMAND_METADATA, method) as { readonly name: string } | undefined;
  return found?.name;
}
