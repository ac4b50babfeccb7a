/**
 * The PBX of one world: exchange, telephones, callers and the event line, whatever becomes of the router. What happens in the exchange reaches a router by the line
 * alone, and of a channel only to whom it is subscribed to; a router that comes later must look what is there.
 */

import type { VirtualClock } from '../../lab/fakes/clock.ts';
import { CONNECTED } from '../../src/asterisk/app/own-dialplan.ts';
import type { AriEvent } from '../../src/asterisk/ari/events.ts';
import type { DialRequest } from '../../src/call/ports.ts';
import type { AsteriskTruth } from './ari-door.ts';
import { CallerChannel } from './caller-channel.ts';
import type { Asked } from './caller-port.ts';
import { EventLine } from './event-line.ts';
import { Exchange } from './exchange.ts';
import type { Trace } from './orders.ts';
import type { Run } from './run.ts';
import { Telephones } from './telephones.ts';
import type { CallPlan, WorldPlan } from './world-plan.ts';

export const USER = '7';
/** How often, and how long after one another, the dialplan tries again to give a caller to a router that has stopped. */
const TRIES = 5;
const TRIES_MS = 1000;

export type Moment = 'after-push' | 'after-dial' | 'after-answer' | 'after-connect' | 'after-decision';

interface PbxWorld {
  readonly plan: WorldPlan;
  readonly clock: VirtualClock;
  readonly trace: Trace;
  /** The router that lives now. */
  readonly run: () => Run | undefined;
  /** Told of what a world's plan may have waited for. */
  readonly onMoment: (moment: Moment) => void;
}

export class Pbx {
  readonly plan: WorldPlan;
  readonly exchange: Exchange;
  readonly phones: Telephones;
  readonly line: EventLine;
  readonly callers = new Map<string, CallerChannel>();
  readonly truth: AsteriskTruth;
  readonly asked: Asked;
  readonly trace: Trace;
  readonly nowMs: () => number;
  readonly #world: PbxWorld;
  readonly #plans = new Map<string, CallPlan>();
  readonly #args = new Map<string, readonly string[]>();
  readonly #sittings = new Map<string, number>();
  readonly #tries = new Map<string, number>();

  constructor(world: PbxWorld) {
    const { plan, clock, trace, run } = world;
    this.#world = world;
    this.plan = plan;
    this.trace = trace;
    this.nowMs = () => clock.nowMs();
    const subscribed = new Set<string>();
    this.line = new EventLine(
      plan,
      clock,
      trace,
      () => void run()?.connect(),
      () => {
        subscribed.clear();
        this.truth.hearing.clear();
      },
    );
    const emit = (deliver: (to: Run) => void) =>
      this.line.emit(() => {
        const to = run();
        if (to !== undefined) deliver(to);
      });
    this.phones = new Telephones(plan.phones, clock, {
      announced: (contact) => emit(({ registrations }) => registrations.announced(contact)),
      removed: (contact) => emit(({ registrations }) => registrations.removed(contact)),
      refreshed: (contact) => run()?.registrations.refreshed(contact),
    });
    this.exchange = new Exchange({
      clock,
      phones: this.phones,
      trace,
      callerOf: (channelId) => this.callers.get(channelId),
      connectMs: plan.connectMs,
      redirectMs: plan.redirectMs,
      unknownMs: unknownMs(plan),
      events: {
        rings: (legId) => this.#tell({ type: 'ChannelStateChange', channel: channelOf(legId, 'Ringing') }),
        answers: ({ request: { legId, forChannelId } }) => {
          this.#tell({ type: 'ChannelStateChange', channel: channelOf(legId, 'Up') });
          this.leavesIf('after-answer', forChannelId);
        },
        connected: ({ request: { legId } }, value) => {
          const userevent = { to: value };
          this.#tell({ type: 'ChannelUserevent', eventname: CONNECTED, userevent, channel: channelOf(legId, 'Up') });
        },
        talks: (channelId) => this.leavesIf('after-connect', channelId),
        destroyed: (legId, cause, cause_txt) =>
          this.#tell({ type: 'ChannelDestroyed', cause, cause_txt, channel: channelOf(legId, 'Down') }),
      },
    });
    const argsOf = ({ channelId }: CallerChannel) => this.#args.get(channelId) ?? [];
    this.truth = {
      exchange: this.exchange,
      callers: this.callers,
      subscribed,
      hearing: new Map(),
      nowMs: this.nowMs,
      argsOf,
    };
    this.asked = {
      variables: new Map([['XIVO_RINGSECONDS', String(plan.ringSeconds)]]),
      globals: new Map(Object.entries(plan.globals)),
      contactsOf: (endpoints) =>
        [...this.phones.contacts.values()].filter(({ endpoint }) => endpoints.includes(endpoint)),
      messageMs: plan.messageMs,
    };
  }

  /** A caller comes in. Where no router is there, the dialplan rings by itself, and nobody hears of it. */
  callIn(channelId: string, plan: CallPlan): void {
    const { clock, trace } = this.#world;
    trace(`${channelId} comes in`);
    const channel = new CallerChannel(channelId, plan.answered, clock, trace, (where, from) =>
      this.#onEnd(channel, where, from),
    );
    this.callers.set(channelId, channel);
    this.#plans.set(channelId, plan);
    if (this.line.hasApplication) this.#giveToApplication(channel);
    else channel.goesOn('FAILED', 'router-absent');
    this.leavesIf('after-arrival', channelId);
  }

  /** How many times a router has taken this caller before. */
  sittings(channelId: string): number {
    const before = this.#sittings.get(channelId) ?? 0;
    this.#sittings.set(channelId, before + 1);
    return before;
  }

  onDial({ forChannelId }: DialRequest): void {
    this.companyIsDue(this.callers.get(forChannelId));
    this.#world.onMoment('after-dial');
  }

  /** By now somebody keeps this caller company, or it is left in silence. */
  companyIsDue(channel: CallerChannel | undefined): void {
    if (channel === undefined || channel.companyIsDue) return;
    channel.companyIsDue = true;
    channel.listen();
  }

  leavesIf(when: NonNullable<CallPlan['leaves']>['when'], channelId: string): void {
    if (when !== 'after-arrival') this.#world.onMoment(when);
    const leaves = this.#plans.get(channelId)?.leaves;
    if (leaves?.when !== when) return;
    this.#world.clock.later(leaves.ms, () => {
      const channel = this.callers.get(channelId);
      if (channel?.isOurs !== true && channel?.where !== 'talking') return;
      if (leaves.how !== 'moved') channel.hangsUp('caller', leaves.how === 'hung-up' ? 16 : 26);
      else if (channel.isOurs) channel.moves();
    });
  }

  /** The router that was there is no more. */
  abandon(): void {
    this.line.letGo();
    for (const channel of this.callers.values()) channel.abandoned();
  }

  #giveToApplication(channel: CallerChannel): void {
    const { channelId } = channel;
    const args = [USER, channel.variables.get('XIVO_MAPP_MEMORY') ?? ''];
    this.#args.set(channelId, args);
    this.truth.subscribed.add(channelId);
    this.#tell({ type: 'StasisStart', args, channel: channelOf(channelId, 'Ring') });
  }

  /** A caller has left where it was: it has hung up, talks, or goes on in the dialplan, which tries again where a router has stopped. */
  #onEnd(channel: CallerChannel, where: 'dialplan' | 'talking' | 'gone', from: CallerChannel['where']): void {
    const { channelId, cause } = channel;
    if (from === 'app') this.#tell({ type: 'StasisEnd', channel: channelOf(channelId, 'Ring') });
    if (where === 'gone') {
      this.#tell({ type: 'ChannelDestroyed', cause, cause_txt: 'its end', channel: channelOf(channelId, 'Down') });
      this.exchange.callerLeft(channelId);
      return;
    }
    // Asterisk sends the events of a channel that is no more in the application to whoever asks for them anew.
    this.truth.subscribed.delete(channelId);
    if (where === 'dialplan' && !channel.isMoved && channel.givenBack.at(-1)?.reason === 'router-stopping')
      this.#tryAgain(channel);
  }

  #tryAgain(channel: CallerChannel): void {
    const { channelId } = channel;
    const tries = this.#tries.get(channelId) ?? 0;
    if (tries >= TRIES) return;
    this.#tries.set(channelId, tries + 1);
    this.#world.clock.later(TRIES_MS, () => {
      if (channel.where !== 'dialplan') return;
      if (!this.line.hasApplication) return this.#tryAgain(channel);
      channel.comesBack();
      this.#giveToApplication(channel);
    });
  }

  /** By the channel itself, or, for a leg, by its endpoint. */
  #isHeard(channelId: string): boolean {
    const endpoint = this.exchange.legs.get(channelId)?.request.contact.endpoint;
    return this.truth.subscribed.has(channelId) || (endpoint !== undefined && this.truth.hearing.has(endpoint));
  }

  #tell(event: AriEvent): void {
    if (!('channel' in event) || event.channel === undefined || !this.#isHeard(event.channel.id)) return;
    this.line.emit(() => this.#world.run()?.dispatcher.take(event));
  }
}

/** How long a router may not know that somebody has answered: an order that it gives until then is as old as the answer. */
function unknownMs({ reachMs, replyMs, eventMs, gaps, troubles }: WorldPlan): number {
  const late = [...gaps.map(({ forMs }) => forMs), ...troubles.map(({ slowMs }) => slowMs)];
  return eventMs + 3 * (reachMs + replyMs) + late.reduce((sum, ms) => sum + ms, 0);
}

function channelOf(id: string, state: string): Extract<AriEvent, { type: 'StasisEnd' }>['channel'] {
  return { id, name: '', state, caller: { name: '', number: '' }, dialplan: { app_name: '', app_data: '' } };
}
