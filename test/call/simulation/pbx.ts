/**
 * The PBX of one world: exchange, telephones, callers and the event line, wired to the ports that the router knows. What happens in the exchange
 * reaches the router by the line alone, and after a drop of the line by looking what is there.
 */
import type { VirtualClock } from '../fakes/clock.ts';
import { BridgesPort } from './bridges-port.ts';
import { CallerChannel } from './caller-channel.ts';
import { CallerPort } from './caller-port.ts';
import { EventLine } from './event-line.ts';
import { Exchange } from './exchange.ts';
import { LegsPort } from './legs-port.ts';
import type { Orders, Trace } from './orders.ts';
import { RegistrationsPort } from './registrations-port.ts';
import { Telephones } from './telephones.ts';
import type { CallPlan, WorldPlan } from './world-plan.ts';

export interface HeldCaller {
  readonly plan: CallPlan;
  readonly channel: CallerChannel;
  readonly port: CallerPort;
}

export class Pbx {
  readonly exchange: Exchange;
  readonly phones: Telephones;
  readonly legs: LegsPort;
  readonly bridges: BridgesPort;
  readonly registrations: RegistrationsPort;
  readonly callers = new Map<string, HeldCaller>();
  readonly #plan: WorldPlan;
  readonly #clock: VirtualClock;
  readonly #orders: Orders;
  readonly #trace: Trace;
  readonly #line: EventLine;

  constructor(plan: WorldPlan, clock: VirtualClock, orders: Orders, trace: Trace) {
    this.#plan = plan;
    this.#clock = clock;
    this.#orders = orders;
    this.#trace = trace;
    const nowMs = () => clock.nowMs();
    const emit = (deliver: () => void) => this.#line.emit(deliver);
    const exchange = () => this.exchange;
    this.#line = new EventLine(plan, clock, trace, () => void this.#compare());
    this.registrations = new RegistrationsPort({
      phones: () => this.phones,
      orders,
      clock,
      trace,
      contactsAgainMs: plan.contactsAgainMs,
    });
    this.phones = new Telephones(plan.phones, clock, {
      announced: (contact) => emit(() => this.registrations.announced(contact)),
      removed: (contact) => emit(() => this.registrations.removed(contact)),
      refreshed: (contact) => this.registrations.refreshed(contact),
    });
    this.legs = new LegsPort({
      exchange,
      line: () => this.#line,
      orders,
      trace,
      nowMs,
      step: () => trace(),
      onDial: ({ forChannelId }) => this.companyIsDue(forChannelId),
    });
    this.exchange = new Exchange(
      clock,
      this.phones,
      {
        rings: (legId) => emit(() => this.legs.rings(legId)),
        answers: (leg) => {
          emit(() => this.legs.answers(leg));
          this.#leavesIf('after-answer', leg.request.forChannelId);
        },
        destroyed: (legId, cause, words) => emit(() => this.legs.destroyed(legId, cause, words)),
      },
      trace,
    );
    this.bridges = new BridgesPort({
      exchange,
      orders,
      nowMs,
      step: () => trace(),
      callerOf: (channelId) => this.callers.get(channelId),
      onTalk: (channelId) => this.#leavesIf('after-connect', channelId),
    });
  }

  /** A caller's channel has come to us. */
  callIn(channelId: string, plan: CallPlan): HeldCaller {
    const channel = new CallerChannel(channelId, plan.answered, this.#clock, this.#trace, () =>
      this.#line.emit(() => this.callers.get(channelId)?.port.onGone()),
    );
    const asked = {
      variables: new Map([['XIVO_RINGSECONDS', String(this.#plan.ringSeconds)]]),
      globals: new Map(Object.entries(this.#plan.globals)),
      contactsOf: (endpoints: readonly string[]) =>
        [...this.phones.contacts.values()].filter(({ endpoint }) => endpoints.includes(endpoint)),
      messageMs: this.#plan.messageMs,
    };
    const port = new CallerPort(channel, plan.answered, this.#orders, asked, () => this.#clock.nowMs());
    port.onDecision = () => this.#leavesIf('after-decision', channelId);
    const held = { plan, channel, port };
    this.callers.set(channelId, held);
    this.#leavesIf('after-arrival', channelId);
    return held;
  }

  /** By now somebody keeps this caller company, or it is left in silence. */
  companyIsDue(channelId: string): void {
    const channel = this.callers.get(channelId)?.channel;
    if (channel === undefined || channel.companyIsDue) return;
    channel.companyIsDue = true;
    channel.listen();
  }

  #leavesIf(when: NonNullable<CallPlan['leaves']>['when'], channelId: string): void {
    const held = this.callers.get(channelId);
    const leaves = held?.plan.leaves;
    if (held === undefined || leaves?.when !== when) return;
    this.#clock.later(leaves.ms, () => {
      if (held.channel.isOurs) held.channel.hangsUp();
    });
  }

  /** The line is back: what we believe is made to agree with what is there. */
  async #compare(): Promise<void> {
    const compareLegs = this.legs.beginToCompare();
    const callers = [...this.callers.values()];
    await this.#orders.pause(this.#plan.reachMs);
    const states = new Map([...this.exchange.legs].map(([legId, { state }]) => [legId, state]));
    const gone = callers.filter(({ channel }) => !channel.isOurs);
    await this.#orders.pause(this.#plan.replyMs);
    for (const { port } of gone) port.onGone();
    compareLegs(states);
    this.registrations.renew();
  }
}
