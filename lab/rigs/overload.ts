/**
 * Many callers with music on an Asterisk that has too little of a processor, whose mobiles register and answer in a
 * burst. It counts who talks in the end, who was cut though somebody had answered, and who was ended before anybody had. It judges nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Callee } from '../callee.ts';
import type { LabCall } from '../caller.ts';
import type { Lab } from '../lab.ts';
import { nowMs } from '../phone/clock.ts';
import { seatSleepers, spreadOut, UNHEARD } from './many.ts';

export interface OverloadShape {
  /** Whether the router shall know of the users. */
  readonly inRegistry: boolean;
  readonly numberOf: (callee: Callee) => string;
  readonly calls: number;
  readonly comeWithinMs: number;
  /** How long all wait together before the first mobile registers. */
  readonly waitMs: number;
  readonly wakeWithinMs: number;
  readonly answerAfterMs: number;
  /** How long after the last mobile has registered it is seen who talks. */
  readonly settleMs: number;
  readonly soundPort: number;
  readonly onStep?: (step: string) => void;
}

export interface OverloadCount {
  readonly calls: number;
  readonly talk: number;
  /** Somebody had answered, and is not talking: hung up on. */
  readonly cut: number;
  /** Ended before anybody had answered. */
  readonly ended: number;
  /** Whose mobile never rang. */
  readonly unrung: number;
  readonly registerToInviteMs: readonly number[];
  readonly registerToTalkMs: readonly number[];
  /** How long Asterisk took to answer a ping by ARI. */
  readonly pingMs: readonly number[];
}

const PING_EACH_MS = 250;
/** Whoever has answered and finds no caller is let go after five seconds. */
const LET_GO_MS = 6_000;

interface Member {
  readonly callee: Callee;
  readonly call: LabCall;
  registerAtMs?: number;
}

export async function playOverload(lab: Lab, shape: OverloadShape): Promise<OverloadCount> {
  const { calls, inRegistry, numberOf, comeWithinMs, waitMs, wakeWithinMs, onStep = () => undefined } = shape;
  onStep('take their seats');
  const callees = await seatSleepers(lab, calls, shape.answerAfterMs, () => ({ inRegistry }));
  const pings = new Pings(lab);
  onStep('come');
  const audio = { ...UNHEARD, deafPort: shape.soundPort };
  const calling = async (callee: Callee): Promise<Member> => ({
    callee,
    call: await lab.caller({ audio }).call(numberOf(callee)),
  });
  const members = await Promise.all(spreadOut(callees, comeWithinMs, calling));
  await delay(waitMs);
  onStep('are rung');
  await Promise.all(
    spreadOut(members, wakeWithinMs, async (one) => {
      one.registerAtMs = nowMs();
      // One whose registration is not taken in time tries again by itself, as phones do.
      await one.callee.mobile.wake().catch(() => undefined);
    }),
  );
  onStep('talk');
  await settled(members, nowMs() + shape.settleMs);
  const count = judge(members);
  const pingMs = await pings.end();
  onStep('go');
  await Promise.all(
    members.flatMap(({ call, callee }) => [
      call.hangUp().catch(() => undefined),
      ...callee.mobile.calls.filter((leg) => !leg.hasEnded).map((leg) => leg.hangUp().catch(() => undefined)),
    ]),
  );
  return { ...count, calls, pingMs };
}

function judge(members: readonly Member[]): Omit<OverloadCount, 'calls' | 'pingMs'> {
  const isTalk = ({ call, callee }: Member) =>
    call.sip.isAnswered && !call.hasEnded && callee.mobile.calls.some((leg) => leg.isAnswered && !leg.hasEnded);
  const wasTaken = ({ callee }: Member) => callee.mobile.calls.some((leg) => leg.isAnswered);
  const idle = members.filter((one) => !isTalk(one));
  const times = members.map(({ call, callee, registerAtMs = Number.NaN }) => {
    const invite = callee.mobile.phone.trace.entries.find(
      ({ direction, firstLine }) => direction === 'in' && /^INVITE /.test(firstLine),
    );
    return {
      invite: (invite?.atMs ?? Number.NaN) - registerAtMs,
      talk: (call.record.answeredAtMs ?? Number.NaN) - registerAtMs,
    };
  });
  const known = (ms: number) => !Number.isNaN(ms);
  return {
    talk: members.length - idle.length,
    cut: idle.filter(wasTaken).length,
    ended: idle.filter((one) => !wasTaken(one) && one.call.hasEnded).length,
    unrung: idle.filter(({ callee }) => callee.mobile.calls.length === 0).length,
    registerToInviteMs: times.map(({ invite }) => invite).filter(known),
    registerToTalkMs: times.map(({ talk }) => talk).filter(known),
  };
}

/** Until everybody talks or has ended, and for a moment longer; but not for ever. */
async function settled(members: readonly Member[], deadlineMs: number): Promise<void> {
  const isOpen = ({ call, callee }: Member) =>
    !call.hasEnded && !(call.sip.isAnswered && callee.mobile.calls.some((leg) => leg.isAnswered));
  while (nowMs() < deadlineMs && members.some(isOpen)) await delay(250);
  await delay(LET_GO_MS);
}

/** How long Asterisk takes to answer, all the while. */
class Pings {
  readonly #took: number[] = [];
  readonly #over = new AbortController();
  readonly #done: Promise<void>;

  constructor(lab: Lab) {
    this.#done = this.#ask(lab);
  }

  async end(): Promise<readonly number[]> {
    this.#over.abort();
    await this.#done;
    return this.#took;
  }

  async #ask(lab: Lab): Promise<void> {
    while (!this.#over.signal.aborted) {
      const fromMs = nowMs();
      // One that takes longer than the lab's client waits counts as that long.
      await lab.asterisk.ari('GET', '/asterisk/ping').catch(() => undefined);
      this.#took.push(nowMs() - fromMs);
      await delay(PING_EACH_MS, undefined, { signal: this.#over.signal }).catch(() => undefined);
    }
  }
}
