/**
 * One run of the router, wired as main.ts wires it, to the world's ports: the adapter's own dispatcher, legs, notes and resync() bring it its callers. Many may follow one another in a
 * world, each knowing nothing of the one before but what Asterisk keeps.
 */

import { type FakeLog, fakeLog } from '../../lab/fakes/log.ts';
import type { FakeRegistry } from '../../lab/fakes/registry.ts';
import { Dispatcher } from '../../src/asterisk/app/dispatcher.ts';
import { Subscriptions } from '../../src/asterisk/app/subscriptions.ts';
import type { AriRequests } from '../../src/asterisk/ari/client.ts';
import { AriNotes } from '../../src/asterisk/resync/notes.ts';
import { resync } from '../../src/asterisk/resync/resync.ts';
import { Strays } from '../../src/asterisk/resync/strays.ts';
import type { CallPorts, FoundLeg } from '../../src/call/ports.ts';
import { readCallCheckpoint } from '../../src/call/resume/checkpoint.ts';
import { type LostCall, Router } from '../../src/call/router.ts';
import { APP, AriDoor } from './ari-door.ts';
import { CallerPort } from './caller-port.ts';
import { type EndedMeanwhile, Ledger, type PlayedCall } from './ledger.ts';
import { LegsPort } from './legs-port.ts';
import type { Life } from './life.ts';
import type { Orders } from './orders.ts';
import type { Pbx } from './pbx.ts';
import type { PushService } from './push-service.ts';
import { RegistrationsPort } from './registrations-port.ts';

export interface RunWorld {
  readonly pbx: Pbx;
  readonly life: Life;
  readonly orders: Orders;
  readonly push: PushService;
  readonly registry: FakeRegistry;
  /** Puts other ports in the router's hands. */
  readonly meddle: Meddle;
}

/** Makes a faulty router: other ports, which may give orders of their own. */
export type Meddle = (ports: CallPorts, requests: AriRequests) => CallPorts;

/** How long until a connection is tried again that was of no use. */
const AGAIN_MS = 200;

export class Run {
  readonly life: Life;
  readonly log: FakeLog = fakeLog();
  readonly dispatcher: Dispatcher;
  readonly legs: LegsPort;
  readonly notes: AriNotes;
  readonly registrations: RegistrationsPort;
  /** Whether the stop that was asked for has come to its end. */
  stop: 'none' | 'asked' | 'done' = 'none';
  stoppedAtMs = Number.POSITIVE_INFINITY;
  /** Sleepers that were there when no call was, of a run that had nothing to catch up with. */
  sleepersLeft = 0;
  readonly begunAtMs: number;
  readonly #world: RunWorld;
  readonly #door: AriDoor;
  readonly #subscriptions: Subscriptions;
  #caughtUp = true;
  readonly #strays: Strays;
  readonly #router: Router;
  #connection = 0;
  readonly #ledger = new Ledger();

  constructor(world: RunWorld) {
    const { pbx, life, orders } = world;
    const { exchange, line, trace, nowMs } = pbx;
    this.#world = world;
    this.life = life;
    this.begunAtMs = pbx.nowMs();
    this.dispatcher = new Dispatcher({
      onArrival: ({ id }, args) => this.#arrive(id, args),
      onReplaced: () => {},
      onCallerReplaced: () => {},
      hangUpStray: (channelId) => strays.take(channelId),
    });
    const { dispatcher } = this;
    this.#door = new AriDoor(pbx.truth, orders, (legId) => this.legs.files.get(legId));
    this.#subscriptions = new Subscriptions(this.#door, APP, this.log, this.life.clock);
    this.notes = new AriNotes(this.#door);
    const strays = new Strays(this.#door, (channelId) => dispatcher.isOwned(channelId), this.log);
    this.#strays = strays;
    this.registrations = new RegistrationsPort({
      phones: pbx.phones,
      orders,
      life,
      nowMs,
      trace,
      contactsAgainMs: pbx.plan.contactsAgainMs,
    });
    this.legs = new LegsPort({
      exchange,
      trace,
      nowMs,
      onDial: (request) => pbx.onDial(request),
      settings: {
        requests: this.#door,
        dispatcher,
        app: APP,
        log: this.log,
        clock: this.life.clock,
        subscriptions: this.#subscriptions,
        isCaughtUp: () => this.#caughtUp,
        trouble: () => (line.isUp ? undefined : 'the event line is down'),
      },
    });
    this.#router = new Router(world.meddle(this.#ports(), this.#door));
  }

  /** Calls of earlier runs that it was told of, which waited no more. */
  get lost(): readonly EndedMeanwhile[] {
    return this.#ledger.lost;
  }

  get calls(): readonly PlayedCall[] {
    return this.#ledger.calls;
  }

  /** Asks it to stop. Resolves when it has. */
  async halt(): Promise<void> {
    this.stop = 'asked';
    this.stoppedAtMs = this.#world.pbx.nowMs();
    await this.#router.stop();
    this.stop = 'done';
  }

  /** The event line is up: what we believe is made to agree with what is there. */
  async connect(): Promise<void> {
    const { pbx, life } = this.#world;
    this.#connection += 1;
    const connection = this.#connection;
    const isLost = () => connection !== this.#connection || !pbx.line.isUp;
    try {
      this.#caughtUp = false;
      this.legs.own.reconnected();
      const judgeStrays = this.#strays.hold();
      await this.#subscriptions.renew();
      await resync({
        requests: this.#door,
        dispatcher: this.dispatcher,
        app: APP,
        log: this.log,
        notes: this.notes,
        legs: this.legs.own,
        clock: life.clock,
        onLost: (lost) => this.#lose(lost),
        onFound: ({ id }, args, left) => this.#arrive(id, args, left),
      });
      judgeStrays();
      this.registrations.renew();
      await this.#subscriptions.endUnused();
      this.#caughtUp = true;
    } catch (error) {
      pbx.trace(`the connection is of no use: ${String(error)}`);
      life.later(AGAIN_MS, () => {
        if (!isLost()) void this.connect();
      });
    }
  }

  #ports(): CallPorts {
    const { pbx, life, orders, push, registry } = this.#world;
    return {
      clock: life.clock,
      load: { averageAnswerMs: () => 0, isAnswering: () => true },
      legs: this.legs,
      notes: this.notes,
      registrations: this.registrations,
      push: push.portOf(life),
      callHistory: this.#ledger.callHistory((call, what) => {
        if (what === 'planned') {
          call.plannedWallMs = life.clock.wallMs();
          pbx.companyIsDue(call.channel);
        }
        if (what === 'stage:talking') call.port.waitsNoMore();
      }, pbx.nowMs),
      log: this.log,
      registry: {
        callee: async (userId) => await orders.send('registry.callee', userId, () => registry.callee(userId)),
        markTokenDead: async (device, reason) =>
          await orders.send('registry.markTokenDead', device.deviceId, () => registry.markTokenDead(device, reason)),
      },
    };
  }

  #lose(lost: LostCall): void {
    const { trace, nowMs } = this.#world.pbx;
    const callId = readCallCheckpoint(lost.checkpoint)?.callId ?? '';
    trace(`run ${this.life.number} is told that ${callId} waits no more, answered on ${lost.answeredOn ?? 'nothing'}`);
    this.#ledger.lose(callId, lost, () => this.#router.endLost(lost), nowMs);
  }

  #arrive(
    channelId: string,
    [userId = '', told = '']: readonly string[],
    left?: { readonly checkpoint: string; readonly legs: readonly FoundLeg[] },
  ): void {
    const { pbx, life, orders } = this.#world;
    const channel = pbx.callers.get(channelId);
    if (channel === undefined) throw new Error(`${channelId} comes in, and there never was such a caller`);
    const { nowMs, trace } = pbx;
    const port = new CallerPort(channel, left !== undefined, {
      ...{ orders, nowMs, dispatcher: this.dispatcher, asked: pbx.asked },
      onConnected: (legId, on, callerId) => this.legs.own.connected(legId, on, callerId),
      subscribe: (id) => pbx.truth.subscribed.add(id),
      comesOut: (caller) => pbx.exchange.talks.comesOut(caller),
      sleep: (ms) => new Promise((resolve) => life.later(ms, () => resolve())),
    });
    port.onDecision = () => pbx.leavesIf('after-decision', channelId);
    const checkpoint = left?.checkpoint || told;
    const legs = left?.legs ?? [];
    channel.taken(checkpoint !== '');
    const known = readCallCheckpoint(checkpoint);
    const isKnown = known?.userId === userId && !(left === undefined && known.ending !== undefined);
    const again = pbx.sittings(channelId) === 0 ? [0, 0] : [life.number, this.calls.length];
    const digits = (count: number | string, length: number) => String(count).padStart(length, '0');
    const fresh = `xm-${digits(channelId.slice('caller-'.length), 8)}${again.map((count) => digits(count, 4)).join('')}`;
    const callId = isKnown ? known.callId : fresh;
    trace(`run ${life.number} takes ${channelId} as ${callId}: ${JSON.stringify(checkpoint)}, ${legs.length} legs`);
    const call = this.#ledger.enter({
      callId,
      run: this,
      channel,
      port,
      silence: channel.silence,
      arrivedAtMs: nowMs(),
      checkpoint: isKnown ? checkpoint : '',
      legs,
    });
    const how = left === undefined ? 'new' : 'found';
    void this.#router.route({ callId: fresh, userId, caller: port, checkpoint, legs, how }).then((ending) => {
      trace(`${callId} is over: ${ending.outcome} ${ending.reason}`);
      call.endings.push(ending);
      call.endedAtMs = nowMs();
      if (this.#connection === 0 && this.#ledger.allAreOver) this.sleepersLeft += life.sleeping;
    });
  }
}
