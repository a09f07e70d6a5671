import type { Socket } from 'node:net';

/**
 * Resets a connection. One whose end is just being sent is closed instead: Node cannot reset it (EINVAL), keeps it open then,
 * and the process spins for ever when it is to exit.
 */
export function resetOrClose(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
