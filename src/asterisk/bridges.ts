/**
 * Bridges, one per call. A caller that stands in its call's bridge from the start has its orders carried out at once: outside a bridge Asterisk 16 looks at
 * a silent channel's orders only every 200 ms. So the caller is put in when the bridge is opened, and at the answer only the leg is
 * added, at the same time as the caller is answered and what it hears is stopped.
 */
import { CallerGone, PbxError } from '../call/errors.ts';
import type { Bridges, Caller, Log } from '../call/ports.ts';
import { bridgePath } from './channel-ids.ts';
import { type AriRequests, isGone } from './requests.ts';

/** Longer than a message that an order may have to wait behind where the stop came too late. */
const JOIN_DEADLINE_MS = 60_000;

export class AriBridges implements Bridges {
  readonly #requests: AriRequests;
  readonly #log: Log;
  /** Open bridges, each with whether its caller could be put in ahead of time, once that is known. */
  readonly #open = new Map<string, Promise<boolean> | undefined>();

  constructor(requests: AriRequests, log: Log) {
    this.#requests = requests;
    this.#log = log;
  }

  isOpen(bridgeId: string): boolean {
    return this.#open.has(bridgeId);
  }

  /** @param caller put into the bridge in the background, for quicker orders from then on */
  async open(bridgeId: string, caller?: Caller): Promise<void> {
    // Known before it exists, so that no clearing up after a reconnect takes it for one that was left behind.
    this.#open.set(bridgeId, undefined);
    try {
      await this.#requests.send({ method: 'POST', path: bridgePath(bridgeId), query: { type: 'mixing' }, once: true });
    } catch (error) {
      this.#open.delete(bridgeId);
      throw error;
    }
    this.#open.set(bridgeId, caller === undefined ? undefined : this.#join(bridgeId, caller.channelId));
  }

  async connect(bridgeId: string, caller: Caller, legId: string): Promise<void> {
    caller.left.throwIfAborted();
    const joined = this.#open.get(bridgeId);
    const results = await Promise.allSettled([
      caller.stopHold(),
      caller.answered ? undefined : caller.answer(),
      this.#add(bridgeId, joined === undefined ? `${caller.channelId},${legId}` : legId),
      joined?.then((isIn) => (isIn ? undefined : this.#add(bridgeId, caller.channelId))),
    ]);
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (caller.left.aborted) throw caller.left.reason;
    const gone = errors.find((error) => error instanceof CallerGone);
    if (gone !== undefined) throw gone;
    if (errors.length > 0) throw errors[0] instanceof PbxError ? errors[0] : new PbxError(String(errors[0]));
  }

  async close(bridgeId: string): Promise<void> {
    this.#open.delete(bridgeId);
    try {
      await this.#requests.send({ method: 'DELETE', path: bridgePath(bridgeId) });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  /** Never rejects. */
  async #join(bridgeId: string, channelId: string): Promise<boolean> {
    try {
      await this.#add(bridgeId, channelId, JOIN_DEADLINE_MS);
      return true;
    } catch (error) {
      this.#log.debug('the caller could not be put into its bridge ahead of time', { error: String(error) });
      return false;
    }
  }

  async #add(bridgeId: string, channels: string, deadlineMs?: number): Promise<void> {
    await this.#requests.send({
      method: 'POST',
      path: bridgePath(bridgeId, '/addChannel'),
      query: { channel: channels },
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    });
  }
}
