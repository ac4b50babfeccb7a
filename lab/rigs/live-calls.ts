/** What the router's calls are at now, by its own metrics and by what caller and callee hear. It must never wait for time alone. */
import { awaitThat } from '../asterisk/deadline.ts';
import type { LabCall } from '../caller.ts';
import { type Handset, SOON_MS } from '../handset.ts';
import type { Lab } from '../lab.ts';
import { nowMs } from '../phone/clock.ts';

type Stage = 'waiting' | 'talking';

/** How many of the router's calls are in that stage now. */
export async function liveCalls(lab: Lab, stage: Stage): Promise<number> {
  const gauge = new RegExp(`^xivo_mapp_live_calls\\{stage="${stage}"\\} (\\d+)$`, 'm');
  return Number(gauge.exec(await lab.api.metrics())?.[1] ?? 0);
}

/** Waits until so many of the router's calls are in that stage. */
export async function allAre(lab: Lab, stage: Stage, calls: number, withinMs = SOON_MS): Promise<void> {
  await awaitThat(
    async () => ((await liveCalls(lab, stage)) === calls ? true : undefined),
    withinMs,
    async () => `of ${calls} calls, ${await liveCalls(lab, stage)} are ${stage}\n${lab.router.log.tail()}`,
  );
}

/** Both hear each other now, and not only some time ago. */
export async function stillTalk(call: LabCall, handset: Handset): Promise<void> {
  const sinceMs = nowMs();
  await Promise.all([
    call.sip.waitUntilHears(handset.toneHz, SOON_MS, sinceMs),
    handset.call.waitUntilHears(call.toneHz, SOON_MS, sinceMs),
  ]);
}
