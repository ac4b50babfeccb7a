/**
 * Very many calls in one router, in virtual time: each caller has a PBX of its own, so that what one asks costs another nothing. It writes down when each is taken on, which is its first
 * look, and how many are being taken on at once. It must never end before every call has.
 */
import type { Ending } from '../../src/call/outcomes.ts';
import type { CallPorts, FoundLeg, Push } from '../../src/call/ports.ts';
import { Router } from '../../src/call/router.ts';
import { fakeJournal } from './call-history.ts';
import { VirtualClock } from './clock.ts';
import { fakeLog } from './log.ts';
import { FakePbx } from './pbx.ts';
import { fakeRegistry } from './registry.ts';
import { MOBILE } from './world.ts';

export interface Member {
  readonly callId: string;
  readonly pbx: FakePbx;
  /** Since the crowd began, ms. */
  takenOnMs?: number;
  ending?: Ending;
}

export class FakeCrowd {
  readonly clock = new VirtualClock(1000, undefined, 1);
  readonly over = new AbortController();
  readonly members = new Map<string, Member>();
  /** Calls that an earlier run has left, in the order in which they were taken on. */
  readonly order: string[] = [];
  readonly pushedMs = new Map<string, number>();
  mostAtOnce = 0;
  readonly router: Router;
  readonly #underWay = new Set<string>();
  readonly #startedMs = this.clock.nowMs();

  constructor() {
    const { clock } = this;
    const registry = fakeRegistry();
    registry.putUser({ userId: '7', ringingDevice: 'MobileApp', mobileEndpoint: MOBILE, webAppEndpoint: '' });
    registry.putDevice({ userId: '7', deviceId: 'phone', token: 'token' });
    const push: Push = {
      wake: async (_device, { callId }) => {
        this.pushedMs.set(callId, this.#nowMs());
        return { kind: 'delivered' };
      },
      tellEnded: async () => ({ kind: 'delivered' }),
    };
    const legsOf = (legId: string) => this.#of(legId.slice(0, legId.indexOf('-leg'))).legsPort;
    const ports: CallPorts = {
      clock,
      load: { averageAnswerMs: () => 0, isAnswering: () => true },
      legs: {
        dial: (request, onEvent) => legsOf(request.legId).dial(request, onEvent),
        adopt: (legId, onEvent) => legsOf(legId).adopt(legId, onEvent),
        hangUp: (legId, reason) => legsOf(legId).hangUp(legId, reason),
      },
      notes: {
        keep: (callId, ...rest) => this.#of(callId).notesPort.keep(callId, ...rest),
        answered: (callId, ...rest) => this.#of(callId).notesPort.answered(callId, ...rest),
        remove: (callId) => this.#of(callId).notesPort.remove(callId),
      },
      registrations: {
        watch: (endpoints, known, channelId, ...rest) =>
          this.#of(channelId).registrationsPort.watch(endpoints, known, channelId, ...rest),
      },
      registry,
      push,
      callHistory: fakeJournal(),
      log: fakeLog(),
    };
    this.router = new Router(ports);
  }

  /** A caller comes, or is found with what an earlier run has left. */
  comes(callId: string, left?: { readonly checkpoint: string; readonly legs?: readonly FoundLeg[] }): Member {
    const member = this.#member(callId);
    const { pbx } = member;
    const caller = Object.defineProperty(pbx.caller(), 'channelId', { value: callId });
    const isFound = left !== undefined;
    pbx.intervene = (what, _number, moment) => {
      if (what === 'caller.read' && moment === 'before' && member.takenOnMs === undefined) {
        member.takenOnMs = this.#nowMs();
        if (isFound) this.#begins(callId);
      }
      if (moment === 'after' && (what === 'registrations.watch' || what === 'caller.giveBack'))
        this.#underWay.delete(callId);
    };
    void this.router.route({ callId, userId: '7', caller, how: isFound ? 'found' : 'new', ...left }).then((ending) => {
      member.ending = ending;
    });
    return member;
  }

  /** What an earlier run has left ringing. To be said before its caller is found. */
  leaves(callId: string, ...leg: Parameters<FakePbx['leaveLeg']>): void {
    this.#member(callId).pbx.leaveLeg(...leg);
  }

  /** Until every call has ended. */
  async settle(): Promise<void> {
    const isOver = () => [...this.members.values()].every(({ ending }) => ending !== undefined);
    while (!isOver()) if (!(await this.clock.advanceToNextWake())) throw new Error('a call does not end');
    this.over.abort();
  }

  #member(callId: string): Member {
    const there = this.members.get(callId);
    if (there !== undefined) return there;
    const member: Member = { callId, pbx: new FakePbx(this.clock, this.over.signal) };
    this.members.set(callId, member);
    return member;
  }

  #of(callId: string): FakePbx {
    const member = this.members.get(callId);
    if (member === undefined) throw new Error(`nobody knows of call ${callId}`);
    return member.pbx;
  }

  #begins(callId: string): void {
    this.order.push(callId);
    this.#underWay.add(callId);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#underWay.size);
  }

  #nowMs(): number {
    return this.clock.nowMs() - this.#startedMs;
  }
}
