/**
 * Our own part of the dialplan, as far as it connects: whoever answers first while the caller waits in the application gets it, under a lock, and needs no router for that. It keeps who has
 * talked with whom, and which orders of a router have cut somebody off. It must do as dialplan/xivo-mapp.conf does, down to how long a leg looks for its caller.
 */
import type { VirtualClock } from '../../lab/fakes/clock.ts';
import type { CallerChannel } from './caller-channel.ts';
import type { LegChannel } from './exchange.ts';
import type { Trace } from './orders.ts';

export interface Talk {
  readonly channelId: string;
  readonly legId: string;
  readonly on: 'mobile' | 'webapp' | 'picked-up';
  /** When the lock was taken, and when both heard each other; undefined where either was gone by then. */
  readonly wonAtMs: number;
  joinedAtMs: number | undefined;
  overAtMs: number | undefined;
}

interface TalksWorld {
  readonly clock: VirtualClock;
  readonly trace: Trace;
  /** From the answer to the lock, and from there until the caller is out of the application. */
  readonly connectMs: number;
  readonly redirectMs: number;
  readonly callerOf: (channelId: string) => CallerChannel | undefined;
  /** The dialplan ends a leg: with cause 26 where another was faster. */
  readonly endLeg: (leg: LegChannel, elsewhere: boolean) => void;
  /** It says on the leg's channel that it connects it. */
  readonly says: (leg: LegChannel, value: string) => void;
  readonly onTalk: (channelId: string) => void;
}

const AGAIN_MS = 100;
const TRIES = 20;
/** How long a leg waits for its caller to come to it. */
const COMES_MS = 5000;

export class Talks {
  readonly all: Talk[] = [];
  /** Orders that have ended somebody who had answered, though it was long known, in words. */
  readonly disturbed: string[] = [];
  readonly #world: TalksWorld;

  constructor(world: TalksWorld) {
    this.#world = world;
  }

  /** A leg has been answered, and comes to its dialplan. */
  answered(leg: LegChannel): void {
    this.#world.clock.later(this.#world.connectMs, () => this.#underLock(leg, 0));
  }

  /** The caller comes out of the application: true where it goes to whoever has answered in this very moment. */
  comesOut(caller: CallerChannel): boolean {
    const talk = this.#wonBy(caller);
    if (talk === undefined) return false;
    this.#join(caller, talk);
    return true;
  }

  /** A channel is gone, and with it the conversation. */
  isOver(of: { readonly channelId: string } | { readonly legId: string }): Talk | undefined {
    const talk = this.all.find((one) =>
      'legId' in of ? one.legId === of.legId : one.channelId === of.channelId && one.overAtMs === undefined,
    );
    if (talk === undefined || talk.overAtMs !== undefined) return undefined;
    talk.overAtMs = this.#world.clock.nowMs();
    return talk;
  }

  /** Whether this leg has the caller, or is about to. */
  isWon(legId: string): boolean {
    return this.all.some((talk) => talk.legId === legId && talk.overAtMs === undefined);
  }

  disturb(what: string): void {
    this.#world.trace(`a router cuts off: ${what}`);
    this.disturbed.push(what);
  }

  #wonBy(caller: CallerChannel): Talk | undefined {
    return this.all.findLast(({ legId, channelId }) => channelId === caller.channelId && legId === caller.wonBy);
  }

  #underLock(leg: LegChannel, tries: number): void {
    const { clock, callerOf, endLeg, says, redirectMs, trace } = this.#world;
    if (leg.state !== 'up') return;
    const { legId, forChannelId } = leg.request;
    const caller = callerOf(forChannelId);
    if (caller === undefined || caller.where === 'gone') {
      if (tries < TRIES) clock.later(AGAIN_MS, () => this.#underLock(leg, tries + 1));
      else endLeg(leg, false);
      return;
    }
    if (!caller.isOurs || caller.wonBy !== undefined) {
      endLeg(leg, true);
      return;
    }
    caller.wonBy = legId;
    const on = leg.take?.pickedUp === true ? 'picked-up' : leg.request.on;
    trace(`${legId} has ${forChannelId}`);
    const talk: Talk = {
      ...{ channelId: forChannelId, legId, on },
      ...{ wonAtMs: clock.nowMs(), joinedAtMs: undefined, overAtMs: undefined },
    };
    this.all.push(talk);
    leg.connectedTo = `${on} ${forChannelId}`;
    says(leg, leg.connectedTo);
    clock.later(redirectMs, () => {
      if (caller.isOurs && caller.wonBy === legId) this.#join(caller, talk);
    });
    clock.later(COMES_MS, () => {
      if (talk.joinedAtMs === undefined) endLeg(leg, false);
    });
  }

  #join(caller: CallerChannel, talk: Talk): void {
    const { clock, onTalk } = this.#world;
    const isThere = talk.overAtMs === undefined;
    caller.variables.set('XIVO_MAPP_STATUS', 'ANSWERED');
    caller.variables.set('XIVO_MAPP_REASON', isThere ? talk.on : '');
    caller.variables.set('XIVO_MAPP_LEG', talk.legId);
    if (isThere) talk.joinedAtMs = clock.nowMs();
    caller.talks(isThere);
    // As after a Dial(): the call is over with the conversation.
    if (isThere) onTalk(caller.channelId);
    else caller.hangsUp('dialplan');
  }
}
