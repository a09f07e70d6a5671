import { burn } from '../burn.js';

/** BullMQ runs this in a child process or a thread. */
export default async function sandboxed(job: {
  readonly data: { readonly args: [number] };
}): Promise<number> {
  return burn(job.data.args[0]);
}
