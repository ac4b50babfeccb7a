/**
 * One connection from Asterisk's AGI(): first its request, then our commands, one at a time, each with its answer. Nothing here waits for ever: a
 * request that does not come, an answer that does not come, and what is no AGI end the session, and the dialplan goes on. It must never send what
 * Asterisk would read as two commands.
 */
import type { Socket } from 'node:net';
import { CallerGone, PbxError } from '../../call/errors.ts';
import { type AgiAnswer, AnswerReader } from './answer.ts';
import { Exchange, mustBeOneCommand } from './exchange.ts';
import { AgiFault } from './fault.ts';
import { LineReader } from './lines.ts';

/** Asterisk 16 reads 2,047 bytes of a command and takes the rest for another one. */
const MOST_COMMAND_BYTES = 2_000;
const MOST_LINE_BYTES = 64 * 1024;
const MOST_REQUEST_LINES = 256;
const MOST_REQUEST_BYTES = 64 * 1024;
/** How long a client may take to go once we have said that we are done, ms. */
const LAST_MOMENT_MS = 1_000;

const NOT_PLAYED: AgiAnswer = { code: 200, result: '0', value: undefined };

export class AgiSession {
  /** Aborts, with CallerGone, when the caller hangs up or the connection ends before we have ended it. */
  readonly left: AbortSignal;
  readonly closed: Promise<void>;
  /** Of the other side; '' where it was gone before we looked. */
  readonly address: string;
  private readonly socket: Socket;
  private readonly commandMs: number;
  private readonly leaving = new AbortController();
  private readonly answers = new AnswerReader();
  private readonly requestLines: string[] = [];
  private readonly requested = Promise.withResolvers<readonly string[]>();
  private stage: 'request' | 'commands' | 'over' = 'request';
  private requestBytes = 0;
  private awaited: Exchange | undefined;
  private cuts = 0;
  private queue: Promise<unknown> = Promise.resolve();
  /** What was wrong with the other side. */
  fault: AgiFault | undefined;

  /** @param commandMs how long Asterisk may take to answer a command */
  constructor(socket: Socket, commandMs: number) {
    this.socket = socket;
    this.commandMs = commandMs;
    this.address = socket.remoteAddress ?? '';
    this.left = this.leaving.signal;
    this.requested.promise.catch(() => undefined);
    const reader = new LineReader(MOST_LINE_BYTES, (line) => this.take(line));
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    socket.on('data', (piece: Buffer) => this.guard(() => reader.push(piece)));
    // The end of a connection says the same as its fault.
    socket.on('error', () => undefined);
    socket.on('end', () => this.goneBy('Asterisk has ended the AGI session'));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.once('close', () => {
      this.goneBy('the AGI session has ended');
      resolve();
    });
  }

  /** The lines of the request, once it is complete. Rejects with AgiFault, or CallerGone when the connection ends first. */
  async request(withinMs: number): Promise<readonly string[]> {
    const late = setTimeout(() => {
      this.cut(new AgiFault(`no whole request came within ${withinMs} ms`));
    }, withinMs);
    try {
      return await this.requested.promise;
    } finally {
      clearTimeout(late);
    }
  }

  /** Whether its request has come wholly. */
  get hasAsked(): boolean {
    return this.stage !== 'request';
  }

  /**
   * Sends a command, after those before it. Works after the caller has hung up as well, for what Asterisk allows then.
   * Rejects with PbxError when it cannot be sent or is not answered, and with CallerGone when the session is over.
   */
  command(line: string): Promise<AgiAnswer> {
    return this.inTurn(() => this.exchange(line, false));
  }

  /**
   * Plays a sound, after the commands before it; those behind wait for its end. Resolves with how many samples were played when it ended by itself,
   * undefined where it was cut short. Rejects as command() does.
   */
  async play(sound: string): Promise<number | undefined> {
    const before = this.cuts;
    const { code, played } = await this.inTurn(() =>
      this.cuts === before ? this.exchange(`STREAM FILE ${sound} ""`, true) : Promise.resolve(NOT_PLAYED),
    );
    if (code !== 200) throw new PbxError(`Asterisk refused STREAM FILE: ${code}`);
    return played;
  }

  /** Ends the sound that plays now or is about to, if any: Asterisk drops it as soon as a command comes. */
  cutShort(): void {
    this.cuts += 1;
    if (this.stage === 'commands') this.awaited?.cutShort();
  }

  private inTurn(act: () => Promise<AgiAnswer>): Promise<AgiAnswer> {
    const answer = this.queue.then(act);
    this.queue = answer.catch(() => undefined);
    return answer;
  }

  /** Lets the dialplan go on, once all commands have been answered. */
  async end(): Promise<void> {
    this.cutShort();
    await this.queue;
    if (this.stage === 'over') return;
    this.stage = 'over';
    this.socket.end();
    const cut = setTimeout(() => this.socket.destroy(), LAST_MOMENT_MS);
    this.socket.once('close', () => clearTimeout(cut));
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.socket.destroy();
  }

  private async exchange(line: string, isSound: boolean): Promise<AgiAnswer> {
    if (this.stage === 'over') throw new CallerGone('the AGI session is over');
    mustBeOneCommand(line, MOST_COMMAND_BYTES);
    const exchange = new Exchange(line, isSound, this.commandMs, {
      send: (command) => this.socket.write(`${command}\n`),
      late: (words) => this.cut(new AgiFault(words)),
    });
    this.awaited = exchange;
    return await exchange.answer;
  }

  private take(line: string): void {
    if (this.stage === 'over') return;
    if (this.stage === 'request') this.takeRequest(line);
    else if (line === 'HANGUP') this.leave('the caller has hung up');
    else if (this.awaited === undefined) throw new AgiFault('a line came that answers no command');
    else {
      const answer = this.answers.take(line);
      if (answer !== undefined && this.awaited.take(answer)) this.awaited = undefined;
    }
  }

  private takeRequest(line: string): void {
    if (line === '') {
      this.stage = 'commands';
      this.requested.resolve(this.requestLines);
      return;
    }
    this.requestBytes += line.length;
    if (this.requestLines.length >= MOST_REQUEST_LINES || this.requestBytes > MOST_REQUEST_BYTES) {
      throw new AgiFault('a request is longer than any that Asterisk sends');
    }
    this.requestLines.push(line);
  }

  private guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof AgiFault)) throw error;
      this.cut(error);
    }
  }

  /** The other side is not what it should be, or does not answer any more. */
  private cut(fault: AgiFault): void {
    if (this.stage === 'over') return;
    this.fault = fault;
    this.requested.reject(fault);
    this.awaited?.fail(new PbxError(fault.message));
    this.goneBy(fault.message);
    this.socket.destroy();
  }

  private goneBy(detail: string): void {
    if (this.stage === 'over') return;
    this.stage = 'over';
    const gone = new CallerGone(detail);
    this.requested.reject(gone);
    this.awaited?.fail(gone);
    this.leave(detail);
    this.socket.destroy();
  }

  private leave(detail: string): void {
    if (!this.left.aborted) this.leaving.abort(new CallerGone(detail));
  }
}
