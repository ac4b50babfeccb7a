/**
 * The heartbeat of one event connection: pings, since a half-open one would stay silent for ever, and looks whether Asterisk still has our
 * application. Neither must wait for the other.
 */
import { WebSocket } from 'ws';
import type { Clock } from '../call/ports.ts';
import type { AriAddress } from './address.ts';
import type { Trouble } from './trouble.ts';

/** A dead connection is found within twice this. */
const PING_MS = 2_000;

export interface WatchedConnection {
  readonly socket: WebSocket;
  readonly clock: Clock;
  readonly address: AriAddress;
  readonly signal: AbortSignal;
  readonly isUp: () => boolean;
  /** Whether anything has come since it was asked before. */
  readonly heardSince: () => boolean;
  /** Rejects when the connection is of no use. */
  readonly checkApp: () => Promise<void>;
  readonly drop: (trouble: Trouble) => void;
  readonly lost: (error: unknown) => void;
}

/** Until the signal aborts. Never rejects. */
export async function watchConnection(watched: WatchedConnection): Promise<void> {
  const { socket, clock, address, signal, isUp, heardSince, checkApp, drop, lost } = watched;
  let checking = false;
  while (!signal.aborted) {
    await clock.sleep(PING_MS, signal).catch(() => undefined);
    if (signal.aborted || socket.readyState === WebSocket.CONNECTING) continue;
    if (!heardSince()) drop({ kind: 'silent', words: `${address.host} has not answered a ping for ${PING_MS} ms` });
    else socket.ping();
    // Beside the pings, which must not wait for an answer that may never come.
    if (!isUp() || checking) continue;
    checking = true;
    checkApp().then(() => {
      checking = false;
    }, lost);
  }
}
