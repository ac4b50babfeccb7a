/**
 * FastAGI: for dialplans that keep their own Dial. Listens, bounds what one client can take, hands each request to whoever answers it, and ends every
 * session. What is wrong is told by one log line for each fault and, where there is a dialplan at the other end, by XIVO_MAPP_STATUS = FAILED. A slow
 * or dead client must never hurt another.
 */
import { createServer, type Socket } from 'node:net';
import { CallerGone, PbxError, wordsOf } from '../../call/errors.ts';
import type { Log, WaitingCaller } from '../../call/ports.ts';
import { openCaller } from './caller.ts';
import { AgiFault } from './fault.ts';
import { type AgiRequest, readRequest } from './request.ts';
import { AgiSession } from './session.ts';

/** What comes to us from a dialplan that waits. */
export interface AgiArrival {
  readonly asked: AgiRequest['asked'];
  /** '' for `ended`. */
  readonly userId: string;
  readonly caller: WaitingCaller;
  /** What an earlier wake has left on the channel. */
  readonly checkpoint: string;
}

export interface AgiOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: Log;
  /** How long a client may take to send its request, and to answer a command, ms. */
  readonly requestMs?: number;
  readonly commandMs?: number;
  /** In all, and of one address. Asterisk has one for each call that waits. */
  readonly mostSessions?: number;
  readonly mostPerAddress?: number;
}

export interface Agi {
  /** Listens; resolves with the port. The session ends when `serve` has settled, at the latest. Rejects with AgiError where the address cannot be had. */
  listen(serve: (arrival: AgiArrival) => Promise<unknown>): Promise<number>;
  /** How many sessions are open. */
  sessions(): number;
  /** Takes no more sessions, lets those that end go, and cuts the rest. */
  close(): Promise<void>;
}

/** FastAGI cannot be served. The message says what to do. */
export class AgiError extends Error {
  override readonly name = 'AgiError';
}

const LAST_MOMENT_MS = 1_000;
/** Different faults that are told of; whoever tries them all shall not fill the log. */
const MOST_TOLD = 100;

export function agiServer(options: AgiOptions): Agi {
  const { host, port, log, requestMs = 5_000, commandMs = 5_000, mostSessions = 4_000 } = options;
  const { mostPerAddress = 2_000 } = options;
  const open = new Set<AgiSession>();
  const byAddress = new Map<string, Set<AgiSession>>();
  const told = new Set<string>();
  const server = createServer();
  // Those that have been told to go count until they are gone.
  server.maxConnections = 2 * mostSessions;

  const tellOnce = (words: string): void => {
    const known = told.has(words) || told.size >= MOST_TOLD;
    log[known ? 'debug' : 'warn'](`FastAGI: ${words}`);
    if (!known) told.add(words);
  };

  const attend = async (session: AgiSession, serve: (arrival: AgiArrival) => Promise<unknown>): Promise<void> => {
    const lines = await session.request(requestMs);
    let request: AgiRequest;
    try {
      request = readRequest(lines);
    } catch (error) {
      if (!(error instanceof AgiFault)) throw error;
      tellOnce(error.message);
      return refuse(session, 'bad-request');
    }
    const { asked, userId } = request;
    const { caller, checkpoint } = await openCaller(session, request, log);
    await serve({ asked, userId, caller, checkpoint });
  };

  const forget = (session: AgiSession, address: string): void => {
    open.delete(session);
    const theirs = byAddress.get(address);
    theirs?.delete(session);
    if (theirs?.size === 0) byAddress.delete(address);
  };

  /** Where there are too many, the oldest that has not asked for anything makes room: a dialplan asks at once. False: all have. */
  const makeRoom = (address: string): boolean => {
    const theirs = byAddress.get(address) ?? new Set();
    const isCrowd = theirs.size >= mostPerAddress;
    if (!isCrowd && open.size < mostSessions) return true;
    const silent = oldestSilent(isCrowd ? theirs : open);
    const many = isCrowd ? `${mostPerAddress} sessions of one address are open` : `${mostSessions} sessions are open`;
    tellOnce(`${many}; ${silent === undefined ? 'no more are taken' : 'those that ask for nothing make room'}`);
    if (silent !== undefined) {
      forget(silent, silent.address);
      silent.destroy();
    }
    return silent !== undefined;
  };

  const take = async (socket: Socket, serve: (arrival: AgiArrival) => Promise<unknown>): Promise<void> => {
    const session = new AgiSession(socket, commandMs);
    const { address } = session;
    if (!makeRoom(address)) {
      session.destroy();
      return;
    }
    open.add(session);
    byAddress.set(address, (byAddress.get(address) ?? new Set()).add(session));
    void session.closed.then(() => {
      forget(session, address);
      if (session.fault !== undefined) tellOnce(session.fault.message);
    });
    try {
      await attend(session, serve);
    } catch (error) {
      if (session.fault === undefined && !(error instanceof CallerGone)) {
        log.error(`a dialplan's AGI request failed: ${wordsOf(error)}`, { error });
        await refuse(session, error instanceof PbxError ? 'pbx-error' : 'router-error');
      }
    } finally {
      await session.end();
    }
  };

  return {
    listen: (serve) => {
      server.on('connection', (socket) => {
        take(socket, serve).catch((error: unknown) => log.error('an AGI session has a fault', { error }));
      });
      return new Promise((resolve, reject) => {
        const fail = (error: NodeJS.ErrnoException): void =>
          reject(new AgiError(cannotListen(host, port, error), { cause: error }));
        server.once('error', fail);
        server.listen(port, host, () => {
          server.off('error', fail);
          server.on('error', (error) => log.error('the FastAGI server has a fault', { error }));
          const address = server.address();
          resolve(typeof address === 'object' && address !== null ? address.port : port);
        });
      });
    },
    sessions: () => open.size,
    close: async () => {
      const cut = setTimeout(() => {
        for (const session of open) session.destroy();
      }, LAST_MOMENT_MS);
      // One that never listened closes with a fault, and is closed.
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all([...open].map(({ closed }) => closed));
      clearTimeout(cut);
    },
  };
}

function oldestSilent(sessions: Iterable<AgiSession>): AgiSession | undefined {
  for (const session of sessions) if (!session.hasAsked) return session;
  return undefined;
}

/** Says to the dialplan that nothing was done. Whoever is no dialplan does not answer, and is cut. */
async function refuse(session: AgiSession, reason: string): Promise<void> {
  const said = [`SET VARIABLE XIVO_MAPP_STATUS "FAILED"`, `SET VARIABLE XIVO_MAPP_REASON "${reason}"`];
  await Promise.allSettled(said.map((command) => session.command(command)));
}

function cannotListen(host: string, port: number, error: NodeJS.ErrnoException): string {
  const cures: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is taken: end the other program, or set AGI_PORT',
    EACCES: 'this port needs more rights: set AGI_PORT to 1024 or above',
    EADDRNOTAVAIL: 'this machine has no such address: set AGI_HOST',
    ENOTFOUND: 'the name is not known: set AGI_HOST',
    EAI_AGAIN: 'the name cannot be looked up: set AGI_HOST to an address',
  };
  return `FastAGI cannot listen on ${host}:${port}: ${cures[error.code ?? ''] ?? error.message}`;
}
