/**
 * The event connection: one WebSocket, held for ever. It is pinged, since a half-open one would stay silent for ever; it comes back with a growing, jittered
 * delay; and it says in words what is wrong. Must never put credentials in the URL, never have two connections at once, and never
 * fight another process for the application's name.
 */
import { WebSocket } from 'ws';
import type { Clock, Log } from '../../call/ports.ts';
import type { AriAddress } from './address.ts';
import { diagnoseError, diagnoseSessions, diagnoseStatus, type Trouble } from './diagnosis.ts';
import { watchConnection } from './event-socket-watch.ts';

/** An Asterisk that is late shakes hands late. */
const HANDSHAKE_MS = 20_000;
const GOODBYE_MS = 500;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5_000;
const TAKEN_DELAY_MS = 30_000;
const TAKEN_LOOK_MS = 1_000;

export interface EventSocketSettings {
  readonly address: AriAddress;
  readonly app: string;
  readonly log: Log;
  readonly clock: Clock;
  /** One frame. Must not throw. */
  readonly onFrame: (frame: Buffer) => void;
  /** The connection stands, before anything else is done with it. Rejecting drops it. */
  readonly onOpen: () => Promise<void>;
  /** The connection has ended, or could not be made, for this reason. */
  readonly onLost: (trouble: Trouble) => void;
  /** Rejects when Asterisk no longer has our application although the connection stands. */
  readonly checkApp: () => Promise<void>;
  /** What is wrong with requests as a whole, and so behind whatever rejects; undefined where nothing is known to be. */
  readonly cause: () => Trouble | undefined;
  /** Whether Asterisk answers a request over a new connection. Never rejects. */
  readonly answersElsewhere: () => Promise<boolean>;
  /** Whether Asterisk knows for sure of no connection under our application's name. Never rejects. */
  readonly isNameFree: () => Promise<boolean>;
}

export interface Connection {
  readonly up: boolean;
  /** What is wrong, with the cure; '' while up. */
  readonly why: string;
  /** For how long Asterisk has sent nothing, in ms, though it was pinged: it is late, or hangs. 0 as long as it answers. */
  readonly silentMs?: number;
}

export class EventSocket {
  private readonly settings: EventSocketSettings;
  private readonly end = new AbortController();
  private socket: WebSocket | undefined;
  private drop: ((trouble: Trouble) => void) | undefined;
  private connection: Connection = { up: false, why: 'not connected yet' };
  private told = '';

  constructor(settings: EventSocketSettings) {
    this.settings = settings;
  }

  state(): Connection {
    return this.connection;
  }

  /** Whether Asterisk takes events to us now, though we may not have caught up yet with what was missed. */
  isOpen(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Holds the connection until close(). */
  async hold(): Promise<void> {
    let attempt = 0;
    while (!this.end.signal.aborted) {
      const { trouble, stood } = await this.one();
      if (this.end.signal.aborted) return;
      attempt = stood ? 0 : attempt + 1;
      this.tell(trouble, stood);
      if (trouble.kind === 'app-taken') await this.standBack();
      else await this.pause(delayMs(attempt));
    }
  }

  /** Asterisk said that another connection has taken our application's name. */
  replaced(): void {
    this.drop?.({
      kind: 'app-taken',
      words: `another connection has taken the application name ${this.settings.app}: two routers must not share one, set ARI_APP; trying again when the name is free, or in ${TAKEN_DELAY_MS / 1000} s`,
    });
  }

  /** Gives the connection up, so that Asterisk has no application and the dialplan goes on by itself, until it can be used again. */
  giveUp(trouble: Trouble): void {
    this.drop?.(trouble);
  }

  /** Ends the connection in good order, so that Asterisk has done with it before another one comes, and does not wait long for that. */
  async close(): Promise<void> {
    this.end.abort();
    const socket = this.socket;
    if (socket?.readyState === WebSocket.OPEN) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const giveUp = new AbortController();
      socket.once('close', () => resolve());
      socket.close();
      await Promise.race([promise, this.settings.clock.sleep(GOODBYE_MS, giveUp.signal)]);
      giveUp.abort();
    }
    this.drop?.({ kind: 'closed', words: 'closed' });
    this.connection = { up: false, why: 'closed' };
  }

  private async pause(ms: number): Promise<void> {
    await this.settings.clock.sleep(ms, this.end.signal).catch(() => undefined);
  }

  /** While another connection has our name: until it has let go of it, and not for ever. */
  private async standBack(): Promise<void> {
    for (let waitedMs = 0; waitedMs < TAKEN_DELAY_MS && !this.end.signal.aborted; waitedMs += TAKEN_LOOK_MS) {
      await this.pause(TAKEN_LOOK_MS);
      if (await this.settings.isNameFree()) return;
    }
  }

  /** One connection from its opening to its end. Never rejects. */
  private async one(): Promise<{ readonly trouble: Trouble; readonly stood: boolean }> {
    const { address, app, clock } = this.settings;
    const ended = Promise.withResolvers<Trouble>();
    this.drop = ended.resolve;
    const url = `${address.base.replace(/^http/, 'ws')}/events?app=${encodeURIComponent(app)}&subscribeAll=false`;
    const socket = new WebSocket(url, {
      headers: { authorization: address.authorization },
      handshakeTimeout: HANDSHAKE_MS,
      perMessageDeflate: false,
      // One event with bytes that are no UTF-8 must not end the connection for all calls.
      skipUTF8Validation: true,
    });
    this.socket = socket;
    let heardMs = clock.nowMs();
    let stood = false;
    socket.on('unexpected-response', (request, response) => {
      ended.resolve(diagnoseStatus(response.statusCode ?? 0, address));
      request.destroy();
    });
    let isOpen = false;
    socket.on('error', (error) => {
      const trouble = diagnoseError(error, address);
      // Accepted, and closed without a word.
      const isTurnedAway = !isOpen && trouble.kind === 'silent' && 'code' in error && error.code === 'ECONNRESET';
      ended.resolve(isTurnedAway ? diagnoseSessions(address) : trouble);
    });
    socket.on('close', () =>
      ended.resolve({ kind: 'silent', words: `Asterisk at ${address.host} closed the connection` }),
    );
    socket.on('pong', () => {
      heardMs = clock.nowMs();
    });
    socket.on('message', (data) => {
      heardMs = clock.nowMs();
      if (this.socket === socket) this.settings.onFrame(Buffer.isBuffer(data) ? data : Buffer.from(String(data)));
    });
    socket.on('open', () => {
      isOpen = true;
      this.settings.onOpen().then(
        () => {
          stood = true;
          if (this.socket === socket) this.stand();
        },
        (error: unknown) => ended.resolve(this.lost(error)),
      );
    });
    const watch = new AbortController();
    void watchConnection({
      ...this.settings,
      socket,
      signal: watch.signal,
      isUp: () => this.connection.up,
      heardMs: () => heardMs,
      silentFor: (silentMs) => {
        this.connection = { ...this.connection, silentMs };
      },
      drop: (fault) => ended.resolve(fault),
      lost: (error) => ended.resolve(this.lost(error)),
    });
    const trouble = await ended.promise;
    watch.abort();
    this.socket = undefined;
    this.drop = undefined;
    this.connection = { up: false, why: trouble.words };
    socket.terminate();
    this.settings.onLost(trouble);
    return { trouble, stood };
  }

  private lost(error: unknown): Trouble {
    const cause = this.settings.cause();
    if (cause !== undefined) return cause;
    return {
      kind: 'app-lost',
      words: `connected, but not usable: ${error instanceof Error ? error.message : String(error)}`,
    };
  }

  private stand(): void {
    this.connection = { up: true, why: '' };
    this.told = '';
    this.settings.log.info('connected to Asterisk', { host: this.settings.address.host, app: this.settings.app });
  }

  /** Once per kind of trouble, so that an outage of an hour is one line and not a thousand. */
  private tell(trouble: Trouble, stood: boolean): void {
    if (!stood && this.told === trouble.kind) return;
    this.told = trouble.kind;
    this.settings.log.error(`no connection to Asterisk: ${trouble.words}`, { kind: trouble.kind });
  }
}

function delayMs(attempt: number): number {
  const whole = Math.min(MAX_DELAY_MS / 1.25, FIRST_DELAY_MS * 2 ** Math.min(attempt, 10));
  return whole * (1 + Math.random() * (attempt === 0 ? 1.5 : 0.25));
}
