/**
 * What must be true of more than one call of the demo. A check states what is expected and shows what was seen; it never throws for what does not hold.
 */
import type { LabCall } from '../../lab/caller.ts';
import type { Mobile } from '../../lab/mobile.ts';
import type { Scene } from './scene.ts';

/** A gap that a caller would notice, in ms. */
const GAP_MS = 300;

/** How the call left the dialplan, and the scenario that it went on to where there is one. */
export async function checkEnding(
  scene: Scene,
  call: LabCall,
  status: string,
  reason: string,
  scenario = 'ANSWERED',
): Promise<void> {
  const ending = await scene.lab.ending(call);
  const seen = `${ending.status} ${ending.reason}`;
  scene.check(`the dialplan sees ${status}, ${reason}`, ending.status === status && ending.reason === reason, seen);
  if (scenario !== 'ANSWERED') scene.check(`and goes on to ${scenario}`, ending.scenario === scenario, ending.scenario);
}

/** That something took so many milliseconds at most. */
export function checkWithin(scene: Scene, statement: string, ms: number, mostMs: number): void {
  scene.check(statement, ms <= mostMs, `${ms.toFixed(0)} ms`);
}

/** From the REGISTER that Asterisk took to the INVITE. */
export function checkRungAtOnce(scene: Scene, mobile: Mobile): void {
  const invitedMs = mobile.call.record.startedAtMs;
  const sent = mobile.phone.trace.entries.findLast(
    ({ direction, firstLine, atMs }) => direction === 'out' && firstLine.startsWith('REGISTER') && atMs < invitedMs,
  );
  checkWithin(scene, 'it is rung within 500 ms of its REGISTER', invitedMs - (sent?.atMs ?? 0), 500);
}

/** From the first sound to the answer the caller is never left in silence, and hears each of these. */
export function checkCompany(scene: Scene, call: LabCall, tones: readonly number[]): void {
  const heard = call.heard();
  const what = ['sound', ...tones];
  const missing = what.filter((one) => !heard.some((segment) => segment.what === one));
  scene.check(
    'the caller hears the message, then music',
    missing.length === 0,
    missing.map((one) => `not ${one}`).join(', '),
  );
  const { earlyMediaAtMs, answeredAtMs } = call.record;
  const gapMs = call.sip.longestGapMs(earlyMediaAtMs ?? call.startedAtMs, answeredAtMs ?? performance.now());
  checkWithin(scene, `and no silence over ${GAP_MS} ms until the answer`, gapMs, GAP_MS);
}
