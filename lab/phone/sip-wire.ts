/**
 * What carries a phone's SIP: datagrams, or a connection to its server on which messages stand one behind the other.
 * It passes bytes, and knows of SIP no more than where a message ends.
 */
import type { Socket as UdpSocket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { UdpAddress } from './sip-address.ts';

export type Transport = 'udp' | 'tcp' | 'tls' | 'ws';

export interface Way {
  readonly transport: Transport;
  /** A loopback address as it stands in a URI: an IPv6 one has its brackets. */
  readonly host: string;
  readonly server: UdpAddress;
}

export interface Wire {
  readonly port: number;
  send(bytes: Buffer, to: UdpAddress): void;
  /** Nothing is heard any more once this returns. */
  close(): void;
}

export type Ear = (message: Buffer, from: UdpAddress) => void;

/** The port is 0 for any. Throws what the system says (EADDRINUSE, ECONNREFUSED). */
export function openWire(way: Way, port: number, ear: Ear): Promise<Wire> {
  switch (way.transport) {
    case 'udp':
      return openUdp(way, port, ear);
    case 'ws':
      return openWebSocket(way, ear);
    default:
      return openStream(way, port, ear);
  }
}

/** A bound UDP socket. */
export function bindUdp(host: string, port: number): Promise<UdpSocket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: host.startsWith('[') ? 'udp6' : 'udp4', recvBufferSize: 1 << 18 });
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, bare(host), () => {
      socket.removeAllListeners('error');
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

async function openUdp({ host }: Way, port: number, ear: Ear): Promise<Wire> {
  const socket = await bindUdp(host, port);
  socket.on('message', (datagram, from) => ear(datagram, { host: from.address, port: from.port }));
  return {
    port: socket.address().port,
    // A lost datagram is the transaction's business; an error here (e.g. ECONNREFUSED) is just that.
    send: (bytes, to) => socket.send(bytes, to.port, bare(to.host), () => undefined),
    close: () => {
      socket.removeAllListeners('message');
      socket.close();
    },
  };
}

async function openStream({ transport, host, server }: Way, port: number, ear: Ear): Promise<Wire> {
  const where = { host: bare(server.host), port: server.port, localAddress: bare(host), localPort: port };
  const tcp = connect(where);
  // The lab's certificates are its own.
  const socket: Socket = transport === 'tls' ? connectTls({ socket: tcp, rejectUnauthorized: false }) : tcp;
  await once(socket, transport === 'tls' ? 'secureConnect' : 'connect');
  socket.on('error', () => undefined);
  let unread = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    unread = Buffer.concat([unread, bytes]);
    for (let end = endOfFirst(unread); end !== undefined; end = endOfFirst(unread)) {
      ear(unread.subarray(0, end), server);
      unread = unread.subarray(end);
    }
  });
  return {
    port: tcp.localPort ?? 0,
    send: (bytes) => socket.write(bytes),
    close: () => {
      socket.removeAllListeners('data');
      socket.destroy();
      tcp.destroy();
    },
  };
}

/** The server's port is that of its HTTP. A browser does not learn its own port. */
async function openWebSocket({ server }: Way, ear: Ear): Promise<Wire> {
  const socket = new WebSocket(`ws://${server.host}:${server.port}/ws`, 'sip');
  socket.binaryType = 'arraybuffer';
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error(`no WebSocket at ${server.host}:${server.port}`));
  });
  socket.onerror = null;
  socket.onmessage = ({ data }) => ear(Buffer.from(data), server);
  return {
    port: 0,
    send: (bytes) => socket.send(bytes.toString()),
    close: () => {
      socket.onmessage = null;
      socket.close();
    },
  };
}

/** Where the first message ends, or a keep-alive before it; undefined while it is not whole. */
function endOfFirst(unread: Buffer): number | undefined {
  const text = unread.toString('latin1');
  const keepAlive = /^(\r\n)+/.exec(text)?.[0].length;
  if (keepAlive !== undefined) return keepAlive;
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return undefined;
  const length = Number(/^(?:content-length|l) *: *(\d+)/im.exec(text.slice(0, head))?.[1] ?? 0);
  const end = head + 4 + length;
  return unread.length >= end ? end : undefined;
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
