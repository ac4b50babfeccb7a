/**
 * The heartbeat of one event connection: pings, since a half-open one would stay silent for ever, and looks whether Asterisk still has our
 * application. Neither must wait for the other. A silent connection is a dead one only where Asterisk answers quickly over another; an Asterisk that
 * answers nobody is late, and a new connection would only make it later.
 */
import { WebSocket } from 'ws';
import type { Clock } from '../../call/ports.ts';
import type { AriAddress } from './address.ts';
import type { Trouble } from './diagnosis.ts';

/** A dead connection is found within little more than twice this. */
const PING_MS = 2_000;
/** So often in a row Asterisk answers over another connection, each time so soon, and not over this one; with a pause between, all in ms. */
const PROOFS = 3;
const QUICK_MS = 500;
const PAUSE_MS = 250;
/** What has not come by then never will, in ms. */
const LONGEST_MS = 60_000;

export interface WatchedConnection {
  readonly socket: WebSocket;
  readonly clock: Clock;
  readonly address: AriAddress;
  readonly signal: AbortSignal;
  readonly isUp: () => boolean;
  /** When anything came last, as a monotonic reading. */
  readonly heardMs: () => number;
  /** Whether Asterisk answers over another connection. Never rejects. */
  readonly answersElsewhere: () => Promise<boolean>;
  /** Asterisk has sent nothing for so many ms; 0: it has. */
  readonly silentFor: (ms: number) => void;
  /** Rejects when the connection is of no use. */
  readonly checkApp: () => Promise<void>;
  readonly drop: (trouble: Trouble) => void;
  readonly lost: (error: unknown) => void;
}

/** Until the signal aborts. Never rejects. */
export async function watchConnection(watched: WatchedConnection): Promise<void> {
  const { socket, clock, signal, isUp, heardMs, silentFor, checkApp, drop, lost } = watched;
  let pingedMs = Number.NEGATIVE_INFINITY;
  let proving = false;
  let checking = false;
  while (!signal.aborted) {
    await clock.sleep(PING_MS, signal).catch(() => undefined);
    if (signal.aborted || socket.readyState === WebSocket.CONNECTING) continue;
    const nowMs = clock.nowMs();
    const silentMs = heardMs() < pingedMs ? nowMs - pingedMs : 0;
    silentFor(silentMs);
    if (silentMs > LONGEST_MS) drop(silent(watched, silentMs));
    if (silentMs === 0) {
      pingedMs = nowMs;
      socket.ping();
    } else if (!proving) {
      proving = true;
      isDead(watched, pingedMs).then((dead) => {
        proving = false;
        if (dead) drop(silent(watched, clock.nowMs() - pingedMs));
      });
    }
    // Beside the pings, which must not wait for an answer that may never come.
    if (!isUp() || checking) continue;
    checking = true;
    checkApp().then(() => {
      checking = false;
    }, lost);
  }
}

/** Whether Asterisk is at ease and only this connection is silent. Never rejects. */
async function isDead(watched: WatchedConnection, sinceMs: number): Promise<boolean> {
  const { clock, signal, heardMs, answersElsewhere } = watched;
  for (let proofs = 0; proofs < PROOFS; proofs += 1) {
    if (proofs > 0) await clock.sleep(PAUSE_MS, signal).catch(() => undefined);
    const askedMs = clock.nowMs();
    const isQuick = (await answersElsewhere()) && clock.nowMs() - askedMs <= QUICK_MS;
    if (signal.aborted || !isQuick || heardMs() >= sinceMs) return false;
  }
  return true;
}

function silent({ address }: WatchedConnection, silentMs: number): Trouble {
  return { kind: 'silent', words: `${address.host} has not answered a ping for ${Math.round(silentMs)} ms` };
}
