/**
 * How soon after its start a router that was killed (kill -9) goes on with 20 callers who wait: all their mobiles register while no router is there, and from the start of the new
 * process it is counted until the first of them is called, and until the last is. Each round ends every call before the next begins.
 */
import type { Callee } from '../../lab/callee.ts';
import { answersAfter } from '../../lab/phone/invite-policies.ts';
import { allRemembered } from '../../lab/rigs/death.ts';
import { allAre } from '../../lab/rigs/live-calls.ts';
import { lastOnWire, type Rig, shareOf } from './rig.ts';

export const RESTART_CALLS = 20;
const ROUNDS = 5;
const PATIENCE_MS = 20_000;
const SILENT = { socket: false } as const;

export const RESTART_ROWS = { first: 'restart first', last: 'restart last' } as const;

export async function measureRestart(rig: Rig): Promise<void> {
  for (let round = 1; round <= shareOf(ROUNDS, rig); round += 1) {
    rig.say(`kill -9 with ${RESTART_CALLS} callers waiting: round ${round} of ${shareOf(ROUNDS, rig)}`);
    await playRound(rig);
  }
}

async function playRound({ lab, figures }: Rig): Promise<void> {
  const mobile = { wakesAfterMs: 'never', audio: SILENT, does: answersAfter(0) } as const;
  const callees: Callee[] = [];
  while (callees.length < RESTART_CALLS) callees.push(await lab.user({ ringingDevice: 'MobileApp', mobile }));
  const calls = await Promise.all(callees.map((callee) => lab.caller({ audio: SILENT }).call(callee)));
  await Promise.all(callees.map((callee) => callee.mobile.waitForPush('incoming-call', PATIENCE_MS)));
  // What is to be gone on from stands in Asterisk.
  await allRemembered(lab, callees);
  await lab.router.kill();
  await Promise.all(callees.map((callee) => callee.mobile.wake()));
  const startMs = performance.now();
  lab.router.launch();
  const invitedMs = await Promise.all(
    callees.map(async (callee) => {
      await callee.mobile.phone.nextCall(PATIENCE_MS);
      return (lastOnWire(callee, 'in', /^INVITE /, startMs) ?? Number.NaN) - startMs;
    }),
  );
  figures.add(RESTART_ROWS.first, Math.min(...invitedMs));
  figures.add(RESTART_ROWS.last, Math.max(...invitedMs));
  await Promise.all(calls.map((call) => call.waitFor('answered', PATIENCE_MS)));
  await lab.router.waitUntilHealthy();
  await allAre(lab, 'talking', RESTART_CALLS);
  await Promise.all(calls.map((call) => call.hangUp()));
  await lab.nothingRemains(PATIENCE_MS);
}
