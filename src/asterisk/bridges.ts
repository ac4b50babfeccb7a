/**
 * Bridges, one per call. A caller that stands in its call's bridge from the start has its orders carried out at once: outside a bridge Asterisk 16 looks at
 * a silent channel's orders only every 200 ms. So the caller is put in when the bridge is opened, and at the answer only the leg is
 * added, at the same time as the caller is answered and what it hears is stopped.
 */
import { CallerGone, PbxError } from '../call/errors.ts';
import type { Bridges, Caller, Log } from '../call/ports.ts';
import { CallerChannel } from './caller.ts';
import { bridgePath } from './channel-ids.ts';
import { type AriOrder, type AriRequests, isGone } from './requests.ts';

/** Longer than a message that an order may have to wait behind where the stop came too late. */
const JOIN_DEADLINE_MS = 60_000;

export class AriBridges implements Bridges {
  readonly #requests: AriRequests;
  readonly #log: Log;
  /** Open bridges, each with the caller's channel once that is in. */
  readonly #open = new Map<string, string | undefined>();
  /** Those of them that an earlier run has made, until they are opened. */
  readonly #kept = new Set<string>();

  constructor(requests: AriRequests, log: Log) {
    this.#requests = requests;
    this.#log = log;
  }

  /** Bridges that are open, or about to be, as of now. */
  openIds(): ReadonlySet<string> {
    return new Set(this.#open.keys());
  }

  /**
   * @param caller put into the bridge in the background, for quicker orders from then on
   * @param callerHasVideo the usual bridge of two would send the leg a re-INVITE with the caller's video; one that mixes does not
   */
  async open(bridgeId: string, caller?: Caller, callerHasVideo = false, memory = ''): Promise<void> {
    const callerIn = this.#open.get(bridgeId);
    if (!this.#kept.delete(bridgeId)) await this.#create(bridgeId, callerHasVideo, memory);
    if (caller === undefined || caller.channelId === callerIn) return;
    const joining = this.#join(bridgeId, caller.channelId);
    if (caller instanceof CallerChannel) caller.joining = joining;
  }

  /**
   * An earlier run's bridge of a call that goes on, for open() to take over. Removed with a caller in it for whom something plays, and made again, it may stay behind for ever on
   * Asterisk 16.
   * @param callerId the caller's channel, where that is in it
   */
  keep(bridgeId: string, callerId: string | undefined): void {
    this.#kept.add(bridgeId);
    this.#open.set(bridgeId, callerId);
  }

  async #create(bridgeId: string, callerHasVideo: boolean, memory: string): Promise<void> {
    // Known before it exists, so that no clearing up after a reconnect takes it for one that was left behind.
    this.#open.set(bridgeId, undefined);
    try {
      const type = callerHasVideo ? 'mixing,video_sfu' : 'mixing';
      // A bridge has no variables, but it has a name.
      const query = { type, name: memory };
      await this.#requests.send({ method: 'POST', path: bridgePath(bridgeId), query, once: true });
      // Only `video_sfu` makes Asterisk mix two, and only this keeps it from forwarding video then.
      if (callerHasVideo) await this.#requests.send({ method: 'DELETE', path: bridgePath(bridgeId, '/videoSource') });
    } catch (error) {
      this.#open.delete(bridgeId);
      throw error;
    }
  }

  async connect(bridgeId: string, caller: Caller, legId: string): Promise<void> {
    caller.left.throwIfAborted();
    // One that is still on its way in is put in all the same: a channel that is in already stays in, without a gap.
    const isIn = this.#open.get(bridgeId) === caller.channelId;
    const results = await Promise.allSettled([
      caller.stopHold(),
      caller.answered ? undefined : caller.answer(),
      this.#add(bridgeId, isIn ? legId : `${caller.channelId},${legId}`),
    ]);
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    const gone = errors.find((error) => error instanceof CallerGone);
    const [, , added] = results;
    // Asterisk's word may come late: who has been put in with the other has talked, be it gone by now.
    if (added.status === 'fulfilled' && (caller.left.aborted || gone !== undefined)) return;
    if (caller.left.aborted) throw caller.left.reason;
    if (gone !== undefined) throw gone;
    if (errors.length > 0) throw errors[0] instanceof PbxError ? errors[0] : new PbxError(String(errors[0]));
  }

  async close(bridgeId: string): Promise<void> {
    this.#open.delete(bridgeId);
    this.#kept.delete(bridgeId);
    try {
      await this.#requests.send({ method: 'DELETE', path: bridgePath(bridgeId) });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  /** Never rejects. */
  async #join(bridgeId: string, channelId: string): Promise<void> {
    try {
      await this.#add(bridgeId, channelId, { lane: 'patient', deadlineMs: JOIN_DEADLINE_MS });
      if (this.#open.has(bridgeId)) this.#open.set(bridgeId, channelId);
    } catch (error) {
      this.#log.debug('the caller could not be put into its bridge ahead of time', { error: String(error) });
    }
  }

  async #add(bridgeId: string, channels: string, how: Pick<AriOrder, 'lane' | 'deadlineMs'> = {}): Promise<void> {
    const path = bridgePath(bridgeId, '/addChannel');
    await this.#requests.send({ method: 'POST', path, query: { channel: channels }, ...how });
  }
}
