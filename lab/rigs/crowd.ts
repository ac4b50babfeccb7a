/**
 * Many callers who wait at once: all are pushed, then all mobiles register within a short time, all ring, all answer, all end. It counts how many came through each step, so that one that is
 * lost shows where. Nobody listens here, for it is the router and Asterisk that are under load and not the phones. It must leave the lab as it found it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { awaitThat } from '../asterisk/deadline.ts';
import type { Callee } from '../callee.ts';
import type { LabCall } from '../caller.ts';
import type { Lab } from '../lab.ts';
import { allAre, liveCalls } from './live-calls.ts';
import { inTurns, seatSleepers, spreadOut, UNHEARD } from './many.ts';

export type CrowdStep = 'take their seats' | 'come' | 'wait' | 'are rung' | 'talk' | 'go' | 'are gone';

export interface CrowdShape {
  readonly calls: number;
  /** So many at a time, the next ones once these are pushed: as fast as the machine takes them; or all within so many ms. */
  readonly come: { readonly together: number } | { readonly withinMs: number };
  /** How long it takes until all mobiles have registered, and until all have hung up, in ms. */
  readonly wakeWithinMs: number;
  readonly goWithinMs: number;
  readonly answerAfterMs: number;
  /** How long all wait together before the first mobile registers, in ms; not at all unless said. */
  readonly waitMs?: number;
  /** How long each step may take for one of them, in ms. */
  readonly patienceMs: number;
  /** Where what the callers hear is sent to; nowhere unless said. */
  readonly soundPort?: number;
  /** Called as each step begins. */
  readonly onStep?: (step: CrowdStep) => Promise<void> | void;
}

export interface CrowdCount {
  readonly calls: number;
  readonly pushed: number;
  /** Calls that the router had waiting all at the same time, with every caller ringing or hearing something. */
  readonly waiting: number;
  readonly invited: number;
  readonly answered: number;
  /** Calls whose story in the router and whose end in the dialplan say that they were answered. */
  readonly told: number;
  /** What was left behind, '' for nothing. */
  readonly left: string;
}

export interface CrowdMember {
  readonly callee: Callee;
  readonly call: LabCall;
  /** Moments on the clock of the phones; undefined where it never came to that. */
  pushedAtMs?: number;
  callId?: string;
  registerAtMs?: number;
  invitedAtMs?: number;
}

export interface CrowdResult {
  readonly count: CrowdCount;
  readonly members: readonly CrowdMember[];
  /** The first failure of each step, in words. */
  readonly failures: readonly string[];
}

/** Whether nobody was lost and nothing was left behind. */
export function isWhole({ calls, pushed, waiting, invited, answered, told, left }: CrowdCount): boolean {
  return [pushed, waiting, invited, answered, told].every((count) => count === calls) && left === '';
}

export async function playCrowd(lab: Lab, shape: CrowdShape): Promise<CrowdResult> {
  const { calls, patienceMs } = shape;
  const failures: string[] = [];
  const begin = async (step: CrowdStep): Promise<void> => await shape.onStep?.(step);
  const count = async (
    members: readonly CrowdMember[],
    comesTrue: (one: CrowdMember, index: number) => Promise<unknown>,
    withinMs = 0,
  ) => {
    const results = await Promise.allSettled(spreadOut(members, withinMs, comesTrue));
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined) failures.push(String(failure.reason));
    return results.filter((result) => result.status === 'fulfilled').length;
  };

  const callerAudio = shape.soundPort === undefined ? UNHEARD : { ...UNHEARD, deafPort: shape.soundPort };
  await begin('take their seats');
  const callees = await seatSleepers(lab, calls, shape.answerAfterMs, (seat) => ({
    platform: seat % 2 === 0 ? 'android' : 'ios',
  }));
  await begin('come');
  const { come } = shape;
  const calling = async (callee: Callee): Promise<CrowdMember> => ({
    callee,
    call: await lab.caller({ audio: callerAudio }).call(callee),
  });
  const pushedOne = async (callee: Callee): Promise<CrowdMember> => {
    const member = await calling(callee);
    await callee.mobile.waitForPush('incoming-call', patienceMs).catch(() => undefined);
    return member;
  };
  const members: readonly CrowdMember[] =
    'together' in come
      ? await inTurns(callees, pushedOne, come.together)
      : await Promise.all(spreadOut(callees, come.withinMs, calling));
  const pushed = await count(members, async (one) => {
    const push = await one.callee.mobile.waitForPush('incoming-call', patienceMs);
    one.pushedAtMs = push.atMs;
    one.callId = push.payload.callId ?? '';
  });
  await begin('wait');
  const waiting = await countWaiting(members, lab, patienceMs);
  await delay(shape.waitMs ?? 0);

  await begin('are rung');
  const invited = await count(
    members,
    async (one) => {
      const { phone } = one.callee.mobile;
      await one.callee.mobile.wake();
      await phone.nextCall(patienceMs);
      const { entries } = phone.trace;
      const register = entries.findLast(
        ({ direction, firstLine }) => direction === 'out' && /^REGISTER /.test(firstLine),
      );
      const invite = entries.findLast(({ direction, firstLine }) => direction === 'in' && /^INVITE /.test(firstLine));
      Object.assign(one, { registerAtMs: register?.atMs, invitedAtMs: invite?.atMs });
    },
    shape.wakeWithinMs,
  );
  await begin('talk');
  const answered = await count(members, ({ call }) => call.waitFor('answered', patienceMs));
  // Asterisk 16 takes up to 200 ms to send a caller without sound to whoever has answered; the router is told of the conversation, and does not make it.
  await allAre(lab, 'talking', answered, patienceMs).catch((error: unknown) => failures.push(String(error)));

  await begin('go');
  // Callers and callees in turn.
  await count(
    members,
    async ({ call, callee }, index) => {
      await (index % 2 === 0 ? call.hangUp() : callee.mobile.call.hangUp());
      await call.waitFor('ended', patienceMs);
    },
    shape.goWithinMs,
  );
  await begin('are gone');
  const told = await countTold(members, lab, patienceMs, failures);
  const left = await lab.nothingRemains(patienceMs).then(
    () => '',
    (error: unknown) => String(error),
  );
  return { count: { calls, pushed, waiting, invited, answered, told, left }, members, failures };
}

/** The most that the router had waiting at once, once every caller rings or hears something. */
async function countWaiting(members: readonly CrowdMember[], lab: Lab, patienceMs: number): Promise<number> {
  let most = 0;
  await awaitThat(
    async () => {
      most = Math.max(most, await liveCalls(lab, 'waiting'));
      const kept = members.filter(({ call: { record, hasEnded } }) => {
        const company = record.ringingAtMs ?? record.earlyMediaAtMs;
        return company !== undefined && !hasEnded;
      });
      return most === members.length && kept.length === members.length ? true : undefined;
    },
    patienceMs,
    async () => `${most} of ${members.length} wait`,
  ).catch(() => undefined);
  return most;
}

async function countTold(
  members: readonly CrowdMember[],
  lab: Lab,
  patienceMs: number,
  failures: string[],
): Promise<number> {
  const answeredIn = async (): Promise<ReadonlySet<string>> => {
    const endings = await lab.asterisk.endings();
    return new Set(endings.filter(({ status }) => status === 'ANSWERED').map(({ callId }) => callId));
  };
  const isTold = (answered: ReadonlySet<string>) => members.every(({ call }) => answered.has(call.sipCallId));
  await awaitThat(
    async () => (isTold(await answeredIn()) ? true : undefined),
    patienceMs,
    async () => 'the dialplan was not told of each answer',
  ).catch((error: unknown) => failures.push(String(error)));
  const answered = await answeredIn();
  const told = await inTurns(members, async ({ call, callId = '' }) => {
    const story = await awaitThat(
      async () => {
        const read = await lab.api.story(callId);
        return read?.ended === false ? undefined : read;
      },
      patienceMs,
      async () => `the router does not end call ${callId}`,
    ).catch(() => undefined);
    if (story?.outcome === 'answered' && answered.has(call.sipCallId)) return 1;
    const timeline = story?.timeline.map(({ atMs, what, facts }) => `${atMs} ${what} ${JSON.stringify(facts)}`) ?? [];
    failures.push(`call ${callId} ended ${story?.outcome} ${story?.reason}:\n${timeline.join('\n')}`);
    return 0;
  });
  return told.reduce<number>((sum, one) => sum + one, 0);
}
