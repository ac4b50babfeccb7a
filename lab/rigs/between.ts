/**
 * A server of a rig's own that stands between the lab's router and its Asterisk: listening on loopback, taken by the router for Asterisk's ARI, and ended with all its connections.
 * What passes, and how, is the rig's; nothing here looks at it.
 */
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import type { Lab } from '../lab.ts';

/** Listens, and tells the router, which must not run yet or is to be restarted, that Asterisk is here. */
export async function standBefore(lab: Lab, server: Server): Promise<void> {
  const port = await listenOnLoopback(server);
  lab.router.environment = { ...lab.router.environment, ARI_URL: `http://127.0.0.1:${port}` };
}

/** Gives the port. */
export async function listenOnLoopback(server: Server): Promise<number> {
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  return (server.address() as AddressInfo).port;
}

/** A connection to Asterisk for one of the router's. Each is among the sockets until it is closed, and either side that breaks off ends the other. */
export function connectBeyond(near: Socket, target: URL, sockets: Set<Socket>): Socket {
  const far = connect({ host: target.hostname, port: Number(target.port), noDelay: true });
  for (const [socket, other] of [
    [near, far],
    [far, near],
  ] as const) {
    sockets.add(socket);
    socket.on('error', () => other.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
  }
  return far;
}

/** @param sockets connections that are still open */
export async function endServer(server: Server, sockets: Iterable<Socket> = []): Promise<void> {
  for (const socket of sockets) socket.destroy();
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  await closed.promise;
}
