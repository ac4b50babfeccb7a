/**
 * How long a mobile that has just registered waits for its INVITE, while 24 calls wait: by the router, by the bare ARI script, by the polling dialplan, all on the same
 * phones and with the same moments of registration. Each round ends every call before the next begins.
 */
import type { Callee } from '../../lab/callee.ts';
import type { LabCall } from '../../lab/caller.ts';
import { addStep, lastOnWire, type Rig, shareOf, timesOf, until } from './rig.ts';

const CALLS = 24;
/** How far apart the calls come, and how long it takes until all mobiles have registered: one loop of the polling dialplan. */
const APART_MS = 25;
const SPREAD_MS = 5_000;
/** All mobiles within this time, as after one wave of pushes. */
const BURST_MS = 100;
const PATIENCE_MS = 20_000;
const SILENT = { socket: false } as const;

/** Who is measured; for the table. */
export const CONTESTANTS = {
  router: 'router',
  script: 'bare ARI script, one request after another',
  poll: 'dialplan that polls, 3 x 5 s',
} as const;
type Contestant = keyof typeof CONTESTANTS;

const NUMBER: Readonly<Record<Contestant, (seat: number, callee: Callee) => string>> = {
  router: (_, { number }) => number,
  script: (seat) => `wait${seat}`,
  poll: (seat) => `poll${seat}`,
};
/** Rounds of a whole run. The first of each is warm-up where it says so. */
const ROUNDS: readonly { readonly who: Contestant; readonly rounds: number; readonly spreadMs: number }[] = [
  { who: 'router', rounds: 5, spreadMs: SPREAD_MS },
  { who: 'script', rounds: 5, spreadMs: SPREAD_MS },
  { who: 'router', rounds: 5, spreadMs: BURST_MS },
  { who: 'script', rounds: 5, spreadMs: BURST_MS },
  { who: 'poll', rounds: 3, spreadMs: SPREAD_MS },
];

export function registerRow(who: Contestant, spreadMs = SPREAD_MS): string {
  return `register ${who}${spreadMs === BURST_MS ? ' burst' : ''}`;
}
export const BURST = BURST_MS;
export const FROM_200 = 'register router from 200';

export async function measureRegister(rig: Rig): Promise<void> {
  const { lab } = rig;
  const callees: Callee[] = [];
  for (let seat = 1; seat <= CALLS; seat += 1) {
    callees.push(
      await lab.user({
        ringingDevice: 'MobileApp',
        mobile: { wakesAfterMs: 'never', audio: SILENT, platform: 'android' },
      }),
    );
  }
  rig.say('REGISTER to INVITE: warm-up');
  await playRound('router', 500, callees, rig, false);
  await playRound('script', 500, callees, rig, false);
  for (const { who, rounds, spreadMs } of ROUNDS) {
    for (let round = 1; round <= shareOf(rounds, rig); round += 1) {
      rig.say(`REGISTER to INVITE: ${CALLS} calls, ${CONTESTANTS[who]}, round ${round} of ${shareOf(rounds, rig)}`);
      await playRound(who, spreadMs, callees, rig, true);
    }
  }
  await lab.nothingRemains(PATIENCE_MS);
}

/** One round: all call, all wait, each mobile registers in its moment, all end. */
async function playRound(
  who: Contestant,
  spreadMs: number,
  callees: readonly Callee[],
  rig: Rig,
  counts: boolean,
): Promise<void> {
  const { lab } = rig;
  const startMs = performance.now();
  const calls = await Promise.all(
    callees.map(async (callee, index) => {
      await until(startMs + index * APART_MS);
      return await lab.caller({ audio: SILENT }).call(NUMBER[who](index + 1, callee));
    }),
  );
  await Promise.all(calls.map((call) => call.waitFor(who === 'poll' ? 'ringing' : 'early-media')));
  const wakeMs = performance.now() + 100;
  await Promise.all(
    callees.map(async (callee, index) => {
      await until(wakeMs + (index * spreadMs) / callees.length);
      await callee.mobile.wake();
      await callee.mobile.invited(PATIENCE_MS);
    }),
  );
  if (counts) {
    // A timer may come a little early.
    for (const callee of callees) await note(callee, who, spreadMs, wakeMs - 50, rig);
  }
  await endRound(calls, callees, rig);
}

async function note(callee: Callee, who: Contestant, spreadMs: number, sinceMs: number, rig: Rig): Promise<void> {
  const registerMs = lastOnWire(callee, 'out', /^REGISTER /, sinceMs);
  const okMs = lastOnWire(callee, 'in', /^SIP\/2.0 200 .*CSeq: \d+ REGISTER/is, sinceMs);
  const inviteMs = lastOnWire(callee, 'in', /^INVITE /, sinceMs);
  if (registerMs === undefined || okMs === undefined || inviteMs === undefined) {
    throw new Error(`${callee.mobile.name} did not register or was not called\n${callee.mobile.phone.trace.tail()}`);
  }
  const row = registerRow(who, spreadMs);
  rig.figures.add(row, inviteMs - registerMs);
  addStep(rig.steps, `${row}: REGISTER to its 200`, registerMs, okMs);
  if (who !== 'router') return;
  if (spreadMs === SPREAD_MS) rig.figures.add(FROM_200, inviteMs - okMs);
  const callId = callee.mobile.pushes.findLast(({ payload }) => payload.type === 'incoming-call')?.payload.callId;
  const at = await timesOf(callId ?? '', rig);
  addStep(rig.steps, `${row}: REGISTER to the router's knowing`, registerMs, at('mobile-registered'));
  addStep(rig.steps, `${row}: the router's knowing to its order`, at('mobile-registered'), at('leg-dialled'));
  addStep(rig.steps, `${row}: its order to INVITE`, at('leg-dialled'), inviteMs);
}

async function endRound(calls: readonly LabCall[], callees: readonly Callee[], { lab }: Rig): Promise<void> {
  await Promise.all(calls.map((call) => call.hangUp()));
  await Promise.all(callees.map(({ mobile }) => mobile.call.waitFor('ended', PATIENCE_MS)));
  await Promise.all(callees.map(({ mobile }) => mobile.phone.unregister()));
  await lab.asterisk.awaitNothingLeft(PATIENCE_MS);
}
