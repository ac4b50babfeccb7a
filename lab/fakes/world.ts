/**
 * The world of one story: a PBX, a registry, push services and phones in virtual time, and the one call that is told in it.
 * `Story` scripts it in a few lines; `nothingIsLeft` checks what must hold after every story, whatever happened in it.
 */
import { expect } from 'vitest';
import type { Ending } from '../../src/call/outcomes.ts';
import type { Device, EndedNotice, Push, PushResult, RingingDevice, WakeNotice } from '../../src/call/ports.ts';
import { type Newcomer, Router } from '../../src/call/router.ts';
import { fakeJournal } from './call-history.ts';
import { VirtualClock } from './clock.ts';
import type { PhoneScript } from './legs.ts';
import { fakeLog } from './log.ts';
import { FakePbx } from './pbx.ts';
import { fakeRegistry } from './registry.ts';

export const MOBILE = 'PJSIP/alice-mobile';
export const WEBAPP = 'PJSIP/alice-uc';
const CALL_ID = 'xm-0000000000000001';

export class Story {
  readonly clock = new VirtualClock(1000);
  readonly over = new AbortController();
  readonly pbx = new FakePbx(this.clock, this.over.signal);
  readonly registry = fakeRegistry();
  readonly callHistory = fakeJournal();
  readonly log = fakeLog();
  readonly woken: { readonly device: Device; readonly notice: WakeNotice; readonly atMs: number }[] = [];
  readonly toldEnded: { readonly device: Device; readonly notice: EndedNotice; readonly atMs: number }[] = [];
  readonly router: Router;
  private readonly onWake = new Map<string, () => void>();
  private readonly pushResults = new Map<string, PushResult | 'hangs'>();
  private pushesUnderWay = 0;
  endings: Ending[] = [];
  /** How slow the PBX is. */
  averageAnswerMs = 0;
  isAnswering = true;

  constructor(device: RingingDevice = 'MobileApp') {
    this.registry.putUser({ userId: '7', ringingDevice: device, mobileEndpoint: MOBILE, webAppEndpoint: WEBAPP });
    const { legsPort: legs, notesPort: notes, registrationsPort: registrations } = this.pbx;
    const { clock, registry, callHistory, log } = this;
    this.router = new Router({
      clock,
      load: { averageAnswerMs: () => this.averageAnswerMs, isAnswering: () => this.isAnswering },
      legs,
      notes,
      registrations,
      callHistory,
      log,
      push: this.push,
      registry: {
        callee: (userId) => this.pbx.through('registry.callee', () => registry.callee(userId)),
        markTokenDead: (dead, reason) =>
          this.pbx.through('registry.markTokenDead', () => registry.markTokenDead(dead, reason)),
      },
    });
  }

  /** A mobile with a push token: it sleeps, and when pushed, registers after `wakesAfterMs` and then does as scripted. Never, without it. */
  sleepingMobile(
    deviceId: string,
    given: {
      readonly wakesAfterMs?: number;
      readonly uri?: string;
      readonly phone?: PhoneScript;
      readonly push?: PushResult | 'hangs';
      readonly device?: Partial<Device>;
    } = {},
  ): this {
    this.registry.putDevice({ userId: '7', deviceId, token: `token-${deviceId}`, ...given.device });
    if (given.push !== undefined) this.pushResults.set(deviceId, given.push);
    const { wakesAfterMs, phone } = given;
    const uri = given.uri ?? `sip:${deviceId}@10.0.0.1`;
    if (phone !== undefined) this.pbx.scripts.set(uri, phone);
    if (wakesAfterMs !== undefined) {
      this.onWake.set(deviceId, () => this.pbx.later(wakesAfterMs, () => this.pbx.register(MOBILE, uri)));
    }
    return this;
  }

  /** A contact that is there before the call comes. */
  registered(endpoint: string, uri: string, phone: PhoneScript): this {
    this.pbx.scripts.set(uri, phone);
    this.pbx.contacts.push({ endpoint, uri, expiresAtSec: 1_000 });
    return this;
  }

  /** At `ms` after the call's arrival something happens. */
  at(ms: number, act: () => void): this {
    this.pbx.later(ms, act);
    return this;
  }

  /** The call comes in and is told to its end, and everything settles. Returns its ending. */
  async tell(left: Pick<Newcomer, 'checkpoint' | 'legs' | 'how'> = {}): Promise<Ending> {
    const told = this.router.route({ callId: CALL_ID, userId: '7', caller: this.pbx.caller(), ...left });
    let done = false;
    void told.then((ending) => {
      done = true;
      this.endings.push(ending);
    });
    for (let wakes = 0; !done; wakes += 1) {
      await this.clock.settle();
      if (done) break;
      if (wakes > 20_000 || !(await this.clock.advanceToNextWake())) throw new Error('the story does not end');
    }
    return told;
  }

  /** What must hold after every story. */
  nothingIsLeft(leftTalking?: 'who talks is left alone'): void {
    const { pbx, callHistory } = this;
    expect(this.endings, 'exactly one ending').toHaveLength(1);
    // One that somebody has answered is the dialplan's: it connects it, or ends it.
    const living = [...pbx.legs.values()].filter(({ state }) => !['answered', 'connected', 'ended'].includes(state));
    expect(living.map((leg) => leg.request.legId)).toEqual([]);
    expect([...pbx.notes.keys()], 'notes').toEqual([]);
    expect(pbx.connecting.disturbed, 'conversations that were disturbed').toEqual([]);
    if (pbx.talking && leftTalking === undefined) expect(this.timeline(), 'who still talks').toContain('left-talking');
    if (pbx.talks.length > 0) expect(this.endings[0]?.outcome, 'somebody has talked').toBe('answered');
    expect(pbx.openWatches, 'watches').toBe(0);
    expect(this.pushesUnderWay, 'pushes under way').toBe(0);
    expect(pbx.talks.length, 'connected legs').toBeLessThanOrEqual(1);
    expect(pbx.callerIsGone, 'the caller is given back, gone, or talks').toBe(true);
    expect(pbx.givenBack.length, 'given back').toBeLessThanOrEqual(1);
    expect(callHistory.misuses).toEqual([]);
    expect(callHistory.calls.get(CALL_ID)?.summary).toBeDefined();
    const isKept = callHistory.calls.get(CALL_ID)?.summary?.isKept !== false;
    expect(this.log.at('info').filter((line) => line.fields.callId === CALL_ID)).toHaveLength(isKept ? 1 : 0);
    // Every push is answered or withdrawn: each device that may have got one has answered, or was told.
    // A router that stops leaves them to the next one, with the checkpoint of what was pushed.
    const isLeftToNext = this.endings[0]?.reason === 'router-stopping';
    if (isLeftToNext && this.woken.length > 0)
      expect(pbx.written.get('XIVO_MAPP_MEMORY')).toMatch(/^v2 xm-0000000000000001 7 /);
    const told = new Set(this.toldEnded.map(({ device }) => device.deviceId));
    const onlyOneAnswered = this.endings[0]?.reason === 'mobile' && this.woken.length === 1;
    for (const { device } of this.woken) {
      const result = this.pushResults.get(device.deviceId);
      const surelyNot =
        result !== undefined && result !== 'hangs' && result.kind !== 'delivered' && result.kind !== 'failed';
      if (!surelyNot && !onlyOneAnswered && !isLeftToNext)
        expect(told, `withdrawn from ${device.deviceId}`).toContain(device.deviceId);
    }
    expect(this.toldEnded.length, 'told once each').toBe(told.size);
    this.over.abort();
    expect(this.clock.pendingSleeps, 'sleepers').toBe(0);
  }

  timeline(): readonly string[] {
    return this.callHistory.told(CALL_ID);
  }

  leg(uri: string) {
    return [...this.pbx.legs.values()].filter((leg) => leg.request.contact.uri === uri);
  }

  private readonly push: Push = {
    wake: (device, notice, signal) => {
      const leaves = () => {
        this.woken.push({ device, notice, atMs: this.clock.nowMs() });
        this.onWake.get(device.deviceId)?.();
      };
      return this.deliver('push.wake', device, signal, leaves);
    },
    tellEnded: (device, notice, signal) => {
      this.toldEnded.push({ device, notice, atMs: this.clock.nowMs() });
      return this.deliver('push.tellEnded', device, signal, () => {});
    },
  };

  private async deliver(name: string, device: Device, signal: AbortSignal, act: () => void): Promise<PushResult> {
    this.pushesUnderWay += 1;
    try {
      const failed = { kind: 'failed', reason: 'called back' } as const;
      const result = this.pushResults.get(device.deviceId) ?? ({ kind: 'delivered' } as const);
      // It leaves at once; only its answer takes time.
      this.pbx.portCalls.push(name);
      const number = this.pbx.portCalls.length;
      try {
        this.pbx.intervene(name, number, 'before');
      } catch (fault) {
        return { kind: 'failed', reason: String(fault) };
      }
      act();
      const answered = await this.clock.sleep(result === 'hangs' ? 60_000 : 20, signal).then(
        () => true,
        () => false,
      );
      this.pbx.intervene(name, number, 'after');
      return answered && result !== 'hangs' ? result : failed;
    } finally {
      this.pushesUnderWay -= 1;
    }
  }
}
