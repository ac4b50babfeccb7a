/**
 * Ports for what the lab starts: blocks on loopback that two labs, in one process or in several, never share. A block is claimed by
 * holding a TCP listener on its first port for as long as the owner lives, so a process that dies gives its block back by itself. The blocks lie
 * below the kernel's ephemeral range, so a phone that lets the kernel choose its port never takes one. Never binds anything but loopback.
 */
import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';

const FIRST_PORT = 11_776;
const BLOCK_SIZE = 1024;
const BLOCK_COUNT = 20;

export interface PortBlock {
  /** The first port that the owner may use. */
  readonly first: number;
  /** The last port that the owner may use. */
  readonly last: number;
  /** Gives the block back. */
  release(): Promise<void>;
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Tells whether a UDP port of a loopback address can be bound now. */
function isUdpPortFree(port: number, address = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ port, address, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

/** Tells whether a TCP port of 127.0.0.1 can be bound now. */
async function isTcpPortFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === undefined) return false;
  await close(server);
  return true;
}

/** Claims as many neighbouring blocks as hold `count` ports. Throws when the lab has none left. */
export async function claimPorts(count: number): Promise<PortBlock> {
  const blocks = Math.ceil((count + 1) / BLOCK_SIZE);
  const offset = Math.floor(Math.random() * BLOCK_COUNT);
  for (let turn = 0; turn < BLOCK_COUNT; turn += 1) {
    const start = (offset + turn) % BLOCK_COUNT;
    if (start + blocks > BLOCK_COUNT) continue;
    const claims = await claimBlocks(start, blocks);
    if (claims === undefined) continue;
    const first = FIRST_PORT + start * BLOCK_SIZE;
    return {
      first: first + 1,
      last: first + blocks * BLOCK_SIZE - 1,
      release: async () => {
        await Promise.all(claims.map(close));
      },
    };
  }
  throw new Error(`No free block of ${count} ports between ${FIRST_PORT} and ${FIRST_PORT + BLOCK_COUNT * BLOCK_SIZE}`);
}

async function claimBlocks(start: number, blocks: number): Promise<Server[] | undefined> {
  const claims: Server[] = [];
  for (let index = start; index < start + blocks; index += 1) {
    const port = FIRST_PORT + index * BLOCK_SIZE;
    // The first ports after the claim carry SIP and HTTP: a block where somebody else has them is no use.
    const free = (await isUdpPortFree(port + 1)) && (await isTcpPortFree(port + 2));
    const claim = free ? await listen(port) : undefined;
    if (claim === undefined) {
      await Promise.all(claims.map(close));
      return undefined;
    }
    claims.push(claim);
  }
  return claims;
}
