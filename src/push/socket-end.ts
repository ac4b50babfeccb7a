/** When a socket is gone. An error on its way out is no news to whoever only waits for the end. */
import type { Socket } from 'node:net';

export function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}
