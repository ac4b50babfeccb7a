/**
 * Requests to ARI: a few HTTP connections, one deadline per request, errors as PbxError in Asterisk's own words. Where Asterisk has no HTTP session
 * left for a new connection, what is asked goes over those that are kept. Must never send anything twice that Asterisk may have acted upon, unless
 * doing it twice is the same as doing it once.
 */
import { Agent, type ClientRequest } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { PbxError, PbxLate } from '../../call/errors.ts';
import type { Log } from '../../call/ports.ts';
import type { AriAddress } from './address.ts';
import { diagnoseSessions, type Trouble } from './diagnosis.ts';
import { isBroken, isIll } from './errors.ts';
import { type AriOrder, CalledOff, exchange, StaleConnection, type Stopwatch, TurnedAway } from './exchange.ts';
import { type Lane, Lanes } from './lanes.ts';
import { Sessions } from './sessions.ts';

export { AriRefusal, isGone } from './errors.ts';
export { type AriOrder, encodeQueryValue } from './exchange.ts';

/** Changes nothing, and is cheap. */
export const HARMLESS = {
  method: 'GET',
  path: '/asterisk/variable',
  query: { variable: 'XIVO_MAPP_NOTHING' },
} as const;
const TRIAL_MS = 1_000;
const STUCK_MS = 1_000;

/** Who is told how requests fare, to say once what is broken. */
export interface RequestWitness {
  answered(): void;
  failed(words: string): void;
  /** Asterisk has no session left, and no connection of ours stands that could be used instead. */
  turnedAway?(): void;
}

export class AriRequests {
  private readonly address: AriAddress;
  private readonly lanes: Lanes;
  /** Since when, as a monotonic reading in ms. */
  private readonly underWay = new Map<ClientRequest, number>();
  private readonly witness: RequestWitness | undefined;
  private readonly sessions: Sessions;
  private readonly stopwatch: Stopwatch | undefined;
  private keeping = false;
  /** Until what was sent last before a connection was found dead has had its time. */
  private dropping: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(address: AriAddress, witness?: RequestWitness, log: Log = SILENT, stopwatch?: Stopwatch) {
    this.address = address;
    this.witness = witness;
    this.stopwatch = stopwatch;
    this.lanes = new Lanes(address.secure);
    this.sessions = new Sessions(() => this.isTurnedAway(), diagnoseSessions(address), log);
  }

  /** What is wrong with Asterisk's HTTP sessions; undefined where nothing is. */
  get trouble(): Trouble | undefined {
    return this.sessions.trouble;
  }

  /** Whether nothing can be asked any more. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** Resolves with the parsed answer, undefined where it has no body. Rejects with PbxError, AriRefusal where Asterisk answered. */
  async send(order: AriOrder): Promise<unknown> {
    try {
      const answer = await this.exchange(order);
      this.witness?.answered();
      return answer;
    } catch (error) {
      const fault = named(error, order);
      const isLost = error instanceof TurnedAway && this.sessions.areUsedUp;
      if (isLost) this.witness?.turnedAway?.();
      else if (!isLost && isIll(fault) && !isHarmless(fault, order) && !this.closed)
        this.witness?.failed(fault instanceof Error ? fault.message : String(fault));
      throw fault;
    }
  }

  private async exchange(order: AriOrder): Promise<unknown> {
    const lane = this.laneFor(order);
    try {
      return await this.attempt(order, lane);
    } catch (error) {
      if (error instanceof TurnedAway) return await this.insteadOf(order, error);
      // Asterisk says itself that it has failed; what must not be done twice carries an id of ours, and Asterisk refuses that the second time.
      const again = error instanceof StaleConnection ? order.once !== true : isBroken(error);
      if (!again) throw error;
    }
    try {
      return await this.attempt(order, lane);
    } catch (error) {
      if (error instanceof TurnedAway) return await this.insteadOf(order, error);
      throw error;
    }
  }

  /** While no other connection is to be had, those that are kept carry everything. */
  private laneFor({ lane = 'usual' }: AriOrder): Lane {
    return this.sessions.areUsedUp && this.lanes.standing > 0 ? 'kept' : lane;
  }

  /** A new connection was closed at once. Where that is so of every new one, Asterisk never saw the request, and it goes over one that is kept. */
  private async insteadOf(order: AriOrder, error: TurnedAway): Promise<unknown> {
    if (!(await this.areUsedUp())) throw error;
    return await this.attempt(order, 'kept');
  }

  private async areUsedUp(): Promise<boolean> {
    const usedUp = await this.sessions.tryOut();
    this.lanes.openKept(!usedUp);
    return usedUp;
  }

  /**
   * Opens those of the kept connections that are missing; while there are no sessions, uses those that stand and finds out whether there are some
   * again. To be said every few seconds. Never rejects.
   * @param isInDoubt the event connection was closed at once
   */
  async keep(isInDoubt = false): Promise<void> {
    // Where Asterisk is late, they would pile up.
    if (this.keeping && !isInDoubt) return;
    this.keeping = true;
    await this.openMissing(isInDoubt);
    this.keeping = false;
  }

  private async openMissing(isInDoubt: boolean): Promise<void> {
    const usedUp = (isInDoubt || this.sessions.areUsedUp) && (await this.areUsedUp());
    // Those that are free are taken first: so as many as there shall be, where one is missing.
    const wanted = usedUp ? Math.max(1, this.lanes.standing) : this.lanes.missing > 0 ? Lanes.kept : 0;
    await Promise.allSettled(Array.from({ length: wanted }, () => this.attempt(HARMLESS, 'kept')));
    if (!usedUp && this.lanes.missing === 0) this.sessions.over();
  }

  /** Lets go of idle connections, which may be as dead as one that has just been found dead. @param all the kept ones as well */
  dropIdle(all = true): void {
    this.lanes.dropIdle(all);
  }

  /**
   * Gives up what was under way when a connection was found dead, since its own may be as dead: at once, or as soon as it has waited for longer than
   * a quick Asterisk takes.
   */
  dropStuck(): void {
    const late = new PbxLate('the connection to Asterisk was found dead before an answer came');
    const drop = (old: (sinceMs: number) => boolean) => {
      for (const [request, sinceMs] of this.underWay) if (old(sinceMs)) request.destroy(late);
    };
    const foundMs = performance.now();
    drop((sinceMs) => foundMs - sinceMs > STUCK_MS);
    clearTimeout(this.dropping);
    this.dropping = setTimeout(() => drop((sinceMs) => sinceMs <= foundMs), STUCK_MS);
  }

  /** Ends what is under way and leaves no socket behind. */
  close(): void {
    this.closed = true;
    clearTimeout(this.dropping);
    for (const request of this.underWay.keys()) request.destroy(new Error('the connection to Asterisk is closed'));
    this.lanes.close();
  }

  private async attempt(order: AriOrder, lane: Lane): Promise<unknown> {
    if (this.closed) throw new PbxError('the connection to Asterisk is closed');
    try {
      return await exchange(order, this.lanes.agentOf(lane), this.address, this.underWay, this.stopwatch);
    } catch (error) {
      if (error instanceof PbxLate && lane !== 'looks') this.dropIdle(lane === 'kept');
      throw error;
    }
  }

  /** Whether Asterisk answers over a new connection, be it by closing that at once. Never rejects. */
  async answersAnew(): Promise<boolean> {
    const isAlive = (error: unknown) => error instanceof TurnedAway || isAnswer(error);
    return !this.closed && (await this.tryNew().then(() => true, isAlive));
  }

  /** Whether a connection of its own is closed at once. */
  private async isTurnedAway(): Promise<boolean> {
    if (this.closed) return false;
    try {
      await this.tryNew(TRIAL_MS);
      return false;
    } catch (error) {
      if (error instanceof TurnedAway) return true;
      if (isAnswer(error)) return false;
      throw error;
    }
  }

  private async tryNew(deadlineMs?: number): Promise<void> {
    const agent = this.address.secure ? new SecureAgent() : new Agent();
    try {
      await exchange({ ...HARMLESS, ...(deadlineMs && { deadlineMs }) }, agent, this.address, this.underWay);
    } finally {
      agent.destroy();
    }
  }
}

/** Answered, be it with a refusal. */
function isAnswer(error: unknown): boolean {
  return !isIll(error);
}

/** Nothing that Asterisk failed at: nobody asked for it any more, or it is asked again. */
function isHarmless(error: unknown, { lane }: AriOrder): boolean {
  return error instanceof CalledOff || (error instanceof PbxLate && lane === 'looks');
}

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

function named(error: unknown, { method, path }: AriOrder): unknown {
  const isNameless = error instanceof StaleConnection || error instanceof TurnedAway;
  return isNameless ? new PbxError(`${method} ${path}: ${error.message}`) : error;
}
