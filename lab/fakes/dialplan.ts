/**
 * A dialplan that keeps its own Dial, in the world of a story: it asks for a look-up or a wake, waits, goes on with what it was told, and says when its call is over. It keeps what
 * ports.ts promises of a waiting caller: it can be written to until it is let go, also after the caller has left.
 */
import { expect } from 'vitest';
import { CallerGone } from '../../src/call/errors.ts';
import { WAKE_CHECKPOINT } from '../../src/call/own-dial/checkpoint.ts';
import type { Asked } from '../../src/call/own-dial/own-dial.ts';
import type { WaitingCaller } from '../../src/call/ports.ts';
import { markOf } from '../../src/call/resume/marks.ts';
import { Story } from './world.ts';

export class DialplanStory extends Story {
  private readonly hungUp = new AbortController();
  private readonly waits: { isOver: boolean }[] = [];
  private calls = 0;
  /** Asterisk has refused to forget who was pushed: then a mobile is rather told twice than not at all. */
  mayTellTwice = false;

  /** What the channel's variables are now. */
  said(name: string): string {
    return this.pbx.written.get(name) ?? '';
  }

  /** In the order in which the dialplan reads them. */
  get told(): readonly string[] {
    return ['XIVO_MAPP_STATUS', 'XIVO_MAPP_REASON', 'XIVO_MAPP_DIAL'].map((name) => this.said(name));
  }

  /** Of the first call. */
  get waitedSeconds(): number {
    return Math.round((this.callHistory.calls.get('xm-0000000000000001')?.summary?.stagesMs.waiting ?? -1) / 1000);
  }

  callerHangsUp(): void {
    this.hungUp.abort(new CallerGone());
  }

  /** The dialplan goes on with what a router that stopped has left on its channel. */
  isHandedOnFrom(earlier: DialplanStory): void {
    for (const name of [WAKE_CHECKPOINT, 'XIVO_MAPP_REASON']) this.pbx.written.set(name, earlier.said(name));
  }

  /** The dialplan asks, and what it asked for is told to its end, and everything settles. */
  async ask(asked: Asked, userId = asked === 'ended' ? '' : '7'): Promise<void> {
    this.calls += 1;
    const checkpoint = this.said(WAKE_CHECKPOINT);
    let fault: unknown;
    let done = false;
    const asking = this.router.ownDial({
      asked,
      userId,
      callId: `xm-${String(this.calls).padStart(16, '0')}`,
      caller: this.waiting(asked),
      checkpoint,
    });
    void asking
      .catch((error: unknown) => {
        fault = error;
      })
      .finally(() => {
        done = true;
      });
    for (let wakes = 0; !done || this.clock.pendingSleeps > 0; wakes += 1) {
      await this.clock.settle();
      if (done && this.clock.pendingSleeps === 0) break;
      if (wakes > 20_000 || !(await this.clock.advanceToNextWake())) throw new Error('the story does not end');
    }
    if (fault !== undefined) throw fault;
  }

  /** What must hold whenever the dialplan has gone on, whatever happened. */
  theDialplanGoesOn(): void {
    const { pbx, callHistory } = this;
    expect(
      this.waits.filter(({ isOver }) => !isOver),
      'dialplans that still wait',
    ).toEqual([]);
    expect(pbx.legs.size + pbx.notes.size, 'legs and notes').toBe(0);
    expect(pbx.openWatches, 'watches').toBe(0);
    expect(callHistory.misuses).toEqual([]);
    const [status, , dial = ''] = this.told;
    if (!this.hungUp.signal.aborted && status !== 'FAILED') expect(dial !== '').toBe(status === 'READY');
    if (!this.hungUp.signal.aborted && status === 'READY') expect(pbx.holding, 'still hears us').toBe(false);
    // Each push is told of the end once, or stands in the checkpoint by which it will be.
    const left = this.said(WAKE_CHECKPOINT).split(' ')[4]?.split('.') ?? [];
    const toldOf = this.toldEnded.map(({ device, notice }) => `${notice.callId} ${device.deviceId}`);
    expect(new Set(toldOf).size, 'told once each').toBe(toldOf.length);
    for (const { device, notice } of this.woken) {
      const isLeft =
        this.said(WAKE_CHECKPOINT).includes(` ${notice.callId} `) && left.includes(markOf(device.deviceId));
      const isTold = toldOf.includes(`${notice.callId} ${device.deviceId}`);
      expect(isLeft || isTold, `${device.deviceId} is told, or will be`).toBe(true);
      if (!this.mayTellTwice) expect(isLeft && isTold, `${device.deviceId} is told twice`).toBe(false);
    }
    expect(this.clock.pendingSleeps, 'sleepers').toBe(0);
  }

  private waiting(asked: Asked): WaitingCaller {
    const { pbx } = this;
    const wait = { isOver: false };
    this.waits.push(wait);
    // In the extension `h` the caller has left already.
    const left = asked === 'ended' ? new AbortController().signal : this.hungUp.signal;
    const order = <T>(name: string, act: () => T) =>
      pbx.through(`waiting.${name}`, () => {
        if (wait.isOver) throw new CallerGone('the dialplan has gone on');
        return act();
      });
    const own = <T>(name: string, act: () => T) =>
      order(name, () => {
        left.throwIfAborted();
        return act();
      });
    const caller = pbx.caller();
    return {
      ...caller,
      left,
      read: (what) => own('read', () => undefined).then(() => caller.read(what)),
      write: (variables) =>
        order('write', () => {
          for (const [name, value] of Object.entries(variables)) pbx.written.set(name, value);
        }),
      answer: () =>
        own('answer', () => {
          pbx.callerAnswered = true;
        }),
      startHold: (hold) =>
        own('startHold', () => {
          pbx.holds.push(hold);
          pbx.holding = true;
        }),
      stopHold: () =>
        order('stopHold', () => {
          pbx.holding = false;
        }),
      giveBack: (status, reason) =>
        own('giveBack', () => {
          pbx.written.set('XIVO_MAPP_STATUS', status).set('XIVO_MAPP_REASON', reason);
          pbx.holding = false;
          wait.isOver = true;
        }),
      hangUp: () =>
        order('hangUp', () => {
          wait.isOver = true;
        }),
      letGo: () =>
        pbx.through('waiting.letGo', () => {
          wait.isOver = true;
        }),
    } satisfies WaitingCaller;
  }
}
