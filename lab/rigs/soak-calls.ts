/**
 * The calls of a soak, one of each ending, for one lane: three callees who are called again and again, one call at a time. A call says how it must end for the dialplan, and leaves
 * its phones as it found them. Nobody listens here. The lab's globals must be SOAK_GLOBALS.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { Callee } from '../callee.ts';
import { deviceBody } from '../callee.ts';
import type { LabCall } from '../caller.ts';
import { type Handset, SOON_MS } from '../handset.ts';
import type { Lab } from '../lab.ts';
import { Mobile } from '../mobile.ts';
import { accept, drop, refuse } from '../push/answers.ts';
import type { ReceivedPush } from '../push/mailbox.ts';

/** Waits of ten seconds for MobileApp, which only a machine that is far too busy reaches, of one for WebAppAndMobileApp; no media before the answer. */
export const SOAK_GLOBALS = `XIVO_MAPP_PLAY_MSG = False
XIVO_MAPP_LOOPS_MOBILEAPP = 10
XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP = 1
XIVO_MAPP_LOOPS_INTERVAL = 1`;

/** `XIVO_MAPP_STATUS XIVO_MAPP_REASON`; empty where the caller has hung up. */
export type SoakEnding = '' | `${string} ${string}`;

export interface SoakCall {
  readonly sipCallId: string;
  readonly mustEnd: SoakEnding;
}

const UNHEARD = { socket: false } as const;
const WAKES_AFTER_MS = 20;
const RING_SECONDS = 3;
/** Nobody hangs up in the very millisecond of the answer. */
const TALK_MS = 50;
export const SEATS_PER_LANE = 3;

export class SoakLane {
  readonly #lab: Lab;
  /** MobileApp; its mobile wakes by a push. */
  readonly #mobile: Callee;
  /** WebAppAndMobileApp; the mobile wakes, and the UC Assistant rings with it. */
  readonly #both: Callee;
  /** WebAppAndMobileApp; the mobile never wakes, and the UC Assistant is not there. */
  readonly #nobody: Callee;

  private constructor(lab: Lab, callees: readonly [Callee, Callee, Callee]) {
    this.#lab = lab;
    [this.#mobile, this.#both, this.#nobody] = callees;
  }

  /** @param number of the lane, from 0; the platforms take turns */
  static async open(lab: Lab, number: number): Promise<SoakLane> {
    const platform = number % 2 === 0 ? 'android' : 'ios';
    const mobile = { platform, wakesAfterMs: WAKES_AFTER_MS, audio: UNHEARD } as const;
    return new SoakLane(lab, [
      await lab.user({ ringingDevice: 'MobileApp', mobile, ringSeconds: RING_SECONDS }),
      await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile }),
      await lab.user({
        ringingDevice: 'WebAppAndMobileApp',
        mobile: { ...mobile, wakesAfterMs: 'never' },
        webApp: { isRegistered: false },
      }),
    ]);
  }

  /** Plays one call of this kind to its end for the phones. Throws where a phone did not come to what it should. */
  async play(kind: SoakKind): Promise<SoakCall> {
    const { sipCallId } = await PLAYS[kind](this);
    for (const handset of [this.#mobile, this.#both, this.#nobody].flatMap(({ handsets }) => handsets)) {
      // Else the next call's answer() would find this one.
      for (const one of handset.calls) if (!one.hasEnded) await one.waitFor('ended', SOON_MS);
      if (handset instanceof Mobile && handset.phone.registered !== undefined) await handset.phone.unregister();
    }
    return { sipCallId, mustEnd: MUST_END[kind] };
  }

  get mobile(): Callee {
    return this.#mobile;
  }

  get both(): Callee {
    return this.#both;
  }

  get nobody(): Callee {
    return this.#nobody;
  }

  async call(callee: Callee): Promise<LabCall> {
    return await this.#lab.caller({ audio: UNHEARD }).call(callee);
  }

  /** Answered, the caller hears of it, and the one or the other hangs up. */
  async talk(call: LabCall, handset: Handset, hangsUp: 'caller' | 'callee'): Promise<LabCall> {
    await handset.answer();
    await call.waitFor('answered');
    await delay(TALK_MS);
    await (hangsUp === 'caller' ? call.hangUp() : handset.hangUp());
    await call.waitFor('ended');
    return call;
  }

  /** The no-answer scenario takes the caller, who does not hear it out. */
  async fallBack(call: LabCall): Promise<LabCall> {
    await call.waitFor('answered');
    await call.hangUp();
    return call;
  }

  /** What its push service answers to the mobile's next pushes. */
  answers({ mobile }: Callee) {
    return mobile.platform === 'ios' ? this.#lab.push.apns.answers : this.#lab.push.fcm.answers;
  }

  /** The push for this call has been accepted. */
  async pushed(callee: Callee, call: LabCall): Promise<ReceivedPush> {
    const service = callee.mobile.platform === 'ios' ? this.#lab.push.apns : this.#lab.push.fcm;
    const { token } = callee.mobile;
    return await service.waitForPush(
      (push) => push.token === token && push.payload.type === 'incoming-call' && push.atMs >= call.startedAtMs,
    );
  }

  /** A dead token is replaced by what the app registers when it starts the next time. */
  async registerDevice({ userId, mobile }: Callee): Promise<void> {
    await this.#lab.api.put(`/v1/users/${userId}/devices/${mobile.deviceId}`, deviceBody(mobile));
  }
}

const MUST_END = {
  'mobile answers, caller hangs up': 'ANSWERED mobile',
  'mobile answers, callee hangs up': 'ANSWERED mobile',
  'UC Assistant answers': 'ANSWERED webapp',
  declined: 'DECLINED declined',
  busy: 'BUSY busy',
  'no answer': 'NOANSWER ring-time-over',
  'caller leaves while waiting': '',
  'caller leaves while it rings': '',
  'wakes never': 'NOANSWER wait-over',
  'dead token': 'UNREACHABLE every-token-dead',
  'push refused once': 'ANSWERED mobile',
  'push connection drops': 'ANSWERED mobile',
} as const satisfies Record<string, SoakEnding>;

export type SoakKind = keyof typeof MUST_END;
export const SOAK_KINDS = Object.keys(MUST_END).filter((kind): kind is SoakKind => kind in MUST_END);

const PLAYS: Readonly<Record<SoakKind, (lane: SoakLane) => Promise<LabCall>>> = {
  'mobile answers, caller hangs up': async (lane) =>
    await lane.talk(await lane.call(lane.mobile), lane.mobile.mobile, 'caller'),
  'mobile answers, callee hangs up': async (lane) =>
    await lane.talk(await lane.call(lane.mobile), lane.mobile.mobile, 'callee'),
  'UC Assistant answers': async (lane) => await lane.talk(await lane.call(lane.both), lane.both.webApp, 'caller'),
  declined: async (lane) => {
    const call = await lane.call(lane.mobile);
    await lane.mobile.mobile.refuse(603);
    return await lane.fallBack(call);
  },
  busy: async (lane) => {
    const call = await lane.call(lane.mobile);
    await lane.mobile.mobile.refuse(486);
    return await lane.fallBack(call);
  },
  'no answer': async (lane) => await lane.fallBack(await lane.call(lane.mobile)),
  'caller leaves while waiting': async (lane) => {
    const call = await lane.call(lane.nobody);
    await lane.pushed(lane.nobody, call);
    await call.hangUp();
    return call;
  },
  'caller leaves while it rings': async (lane) => {
    const call = await lane.call(lane.mobile);
    const there = await lane.mobile.mobile.invited();
    await call.hangUp();
    await there.waitFor('ended', 10_000);
    return call;
  },
  'wakes never': async (lane) => await lane.fallBack(await lane.call(lane.nobody)),
  'dead token': async (lane) => {
    const { mobile } = lane.mobile;
    const dead = mobile.platform === 'ios' ? refuse(410, 'Unregistered') : refuse(404, 'UNREGISTERED');
    // Not for one push only: the end of the call before may still be told.
    lane.answers(lane.mobile).forToken(mobile.token, dead);
    const call = await lane.fallBack(await lane.call(lane.mobile));
    lane.answers(lane.mobile).forToken(mobile.token, accept);
    await lane.registerDevice(lane.mobile);
    return call;
  },
  'push refused once': async (lane) => {
    const { mobile } = lane.mobile;
    const ill = mobile.platform === 'ios' ? refuse(503, 'ServiceUnavailable') : refuse(503, 'UNAVAILABLE');
    lane.answers(lane.mobile).forToken(mobile.token, ill, 1);
    return await lane.talk(await lane.call(lane.mobile), mobile, 'caller');
  },
  'push connection drops': async (lane) => {
    lane.answers(lane.mobile).forToken(lane.mobile.mobile.token, drop, 1);
    return await lane.talk(await lane.call(lane.mobile), lane.mobile.mobile, 'callee');
  },
};
