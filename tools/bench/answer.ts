/**
 * How long it takes from the callee's answer until the caller has the 200, and until it hears the callee, by the router and by the bare ARI script in turn, for
 * callers that send audio before the answer and for callers that do not. Several calls are under way at a time, each in another phase.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Callee } from '../../lab/callee.ts';
import { FRAME_MS } from '../../lab/phone/tone.ts';
import { addStep, type Rig, shareOf, timesOf, until } from './rig.ts';

/** Of each kind. */
const CALLS = 100;
const WARM_UP = 4;
const APART_MS = 200;
/** Long enough for the message to be over: the music plays when the callee answers. */
const RINGS_MS = 2_500;
/** Spread over this, so that no answer keeps step with Asterisk's own 20 ms and 200 ms. */
const PHASES_MS = 200;
const TALK_MS = 300;
/** Users that take turns; more than are called at a time. Each has a mobile that is awake, or a UC Assistant, which is rung with plain ringing. */
const SEATS = 24;

export const WAYS = { router: 'router', bare: 'bare originate and bridge' } as const;
export const CALLERS = {
  sends: 'the caller hears music and sends audio before the answer',
  silent: 'the caller hears music and sends nothing before the answer',
  rings: 'the caller hears plain ringing, no media before the answer',
} as const;
type Way = keyof typeof WAYS;
type CallerKind = keyof typeof CALLERS;
const KINDS = ['sends', 'silent', 'rings'] as const;

export function answerRow(way: Way, caller: CallerKind, to: '200' | 'audio'): string {
  return `answer ${way} ${caller} ${to}`;
}

/** In the order in which they are told. */
export const ANSWER_ROWS = KINDS.flatMap((caller) => (['200', 'audio'] as const).map((to) => ({ caller, to })));

export async function measureAnswer(rig: Rig): Promise<void> {
  const { lab } = rig;
  const seats: Callee[] = [];
  for (let seat = 0; seat < SEATS; seat += 1) {
    const kind = KINDS[seat % KINDS.length];
    seats.push(
      await lab.user(
        kind === 'rings' ? { ringingDevice: 'WebApp' } : { ringingDevice: 'MobileApp', mobile: { is: 'awake' } },
      ),
    );
  }
  // A kind of caller keeps to its seats, and the ways take turns.
  const kinds = (['router', 'bare'] as const).flatMap((way) => KINDS.map((caller) => ({ way, caller })));
  const count = shareOf(CALLS, rig) + WARM_UP;
  const startMs = performance.now();
  const calls: Promise<void>[] = [];
  for (let turn = 0; turn < count * kinds.length; turn += 1) {
    const kind = kinds[turn % kinds.length];
    const callee = seats[turn % SEATS];
    if (kind === undefined || callee === undefined) continue;
    if (turn % 40 === 0) rig.say(`answer to 200: call ${turn} of ${count * kinds.length}`);
    await until(startMs + turn * APART_MS);
    const call = playCall(callee, (turn % SEATS) + 1, kind, turn >= WARM_UP * kinds.length, rig);
    // Told below, together; until then it must not count as unheard.
    call.catch(() => undefined);
    calls.push(call);
  }
  await Promise.all(calls);
  await lab.nothingRemains();
}

async function playCall(
  callee: Callee,
  seat: number,
  kind: { readonly way: Way; readonly caller: CallerKind },
  counts: boolean,
  rig: Rig,
): Promise<void> {
  const { way, caller } = kind;
  const handset = caller === 'rings' ? callee.webApp : callee.mobile;
  const carol = rig.lab.caller({ audio: { sendFrom: caller === 'sends' ? 'early-media' : 'answer' } });
  const call = await carol.call(way === 'router' ? callee : `${caller === 'rings' ? 'bell' : 'bare'}${seat}`);
  const there = await handset.invited();
  await call.waitFor(caller === 'rings' ? 'ringing' : 'early-media');
  await delay(RINGS_MS + Math.random() * PHASES_MS);
  there.answer();
  const answeredMs = there.record.answeredAtMs ?? Number.NaN;
  await call.waitFor('answered');
  // What is heard lasts a frame before it has arrived.
  const audioMs = (await call.hears(handset)) + FRAME_MS;
  await there.waitUntilHears(carol.toneHz, 10_000);
  await delay(TALK_MS);
  await call.hangUp();
  if (!counts) return;
  const okMs = call.record.answeredAtMs ?? Number.NaN;
  rig.figures.add(answerRow(way, caller, '200'), okMs - answeredMs);
  rig.figures.add(answerRow(way, caller, 'audio'), audioMs - answeredMs);
  if (way !== 'router' || caller === 'rings') return;
  const callId = callee.mobile.pushes.findLast(({ payload }) => payload.type === 'incoming-call')?.payload.callId;
  const at = await timesOf(callId ?? '', rig);
  const name = `answer, ${caller}`;
  addStep(rig.steps, `${name}: answer to the router's knowing`, answeredMs, at('leg-answered'));
  addStep(rig.steps, `${name}: the router's knowing to the caller's 200`, at('leg-answered'), okMs);
  addStep(rig.steps, `${name}: the router's knowing to "talking"`, at('leg-answered'), at('stage:talking'));
}
