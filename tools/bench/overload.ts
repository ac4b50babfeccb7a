/**
 * An Asterisk that is too small: it has a third of a core while callers with music wait, and all their mobiles register and answer within four seconds. By the router
 * and by a plain dialplan in turn, in the same run: who talks, who is cut, and how long Asterisk takes to answer. A lab of its own.
 */
import type { AsteriskVersion } from '../../lab/asterisk/asterisk.ts';
import type { AsteriskInstall } from '../../lab/asterisk/fetch.ts';
import type { Callee } from '../../lab/callee.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { type OverloadCount, playOverload } from '../../lab/rigs/overload.ts';
import { SharedCore } from '../../lab/rigs/shared-core.ts';
import { SoundSink } from '../../lab/rigs/sound-sink.ts';
import { MUSIC_POLL_DIALPLAN, musicPollNumber } from './competitors.ts';
import type { Sheet } from './figures.ts';

export const OVERLOAD_CALLS = [150, 280, 500] as const;
const SHAPE = {
  comeWithinMs: 20_000,
  waitMs: 5_000,
  wakeWithinMs: 4_000,
  answerAfterMs: 500,
  settleMs: 60_000,
} as const;
type OverloadWay = 'router' | 'plain';
export const OVERLOAD_WAYS: Readonly<Record<OverloadWay, string>> = {
  router: 'router',
  plain: 'dialplan that looks each second',
};
/** Two for each of the two channels of each call, and room. */
const RTP_PORTS = 3_000;
const LEFT_MS = 120_000;
const GLOBALS = `XIVO_MAPP_PLAY_MSG = True
XIVO_MAPP_WAIT_WITH_MUSIC = True
XIVO_MAPP_SLOW_MS = 10
XIVO_MAPP_LOOPS_MOBILEAPP = 24
XIVO_MAPP_LOOPS_INTERVAL = 5`;

/** By the number of calls, then by the way. */
export type OverloadFigures = ReadonlyMap<number, Readonly<Record<OverloadWay, OverloadCount>>>;

export function startOverloadLab(version: AsteriskVersion, install: AsteriskInstall): Promise<Lab> {
  return startLab({
    version,
    seats: Math.max(...OVERLOAD_CALLS),
    globals: GLOBALS,
    asterisk: { install, rtpPorts: RTP_PORTS, extraDialplan: MUSIC_POLL_DIALPLAN },
  });
}

export function overloadRow(calls: number, way: OverloadWay, what: 'invite' | 'talk' | 'ping'): string {
  return `overload ${calls} ${way} ${what}`;
}

interface OverloadRig {
  readonly lab: Lab;
  /** Only the smallest crowd. */
  readonly quick: boolean;
  readonly figures: Sheet;
  say(text: string): void;
}

/** A BYE or CANCEL that Asterisk was too busy to hear has left its channel; whatever else of it is left is a fault. */
async function clearUp(lab: Lab): Promise<void> {
  await lab.asterisk.cli('channel request hangup all');
  await lab.nothingRemains(LEFT_MS);
}

export async function measureOverload({ lab, quick, figures, say }: OverloadRig): Promise<OverloadFigures> {
  await using sink = await SoundSink.open(lab.asterisk.trunkAddress);
  const counts = new Map<number, Record<OverloadWay, OverloadCount>>();
  for (const calls of quick ? OVERLOAD_CALLS.slice(0, 1) : OVERLOAD_CALLS) {
    const measure = async (way: OverloadWay): Promise<OverloadCount> => {
      await using _core = await SharedCore.of(lab);
      const onStep = (step: string) =>
        say(`${calls} calls, a third of a core, by the ${OVERLOAD_WAYS[way]}: they ${step}`);
      const byRouter = way === 'router';
      const numberOf = byRouter ? ({ number }: Callee) => number : musicPollNumber;
      const count = await playOverload(lab, {
        ...SHAPE,
        inRegistry: byRouter,
        numberOf,
        calls,
        soundPort: sink.port,
        onStep,
      });
      figures.add(overloadRow(calls, way, 'invite'), ...count.registerToInviteMs);
      figures.add(overloadRow(calls, way, 'talk'), ...count.registerToTalkMs);
      figures.add(overloadRow(calls, way, 'ping'), ...count.pingMs);
      return count;
    };
    const plain = await measure('plain');
    await clearUp(lab);
    const router = await measure('router');
    await clearUp(lab);
    counts.set(calls, { plain, router });
  }
  return counts;
}

/** `148 of 150 talk, 0 cut, 2 ended before, 1 never rung`. */
export function overloadWords({ calls, talk, cut, ended, unrung }: OverloadCount): string {
  return `${talk} of ${calls} talk, ${cut} cut, ${ended} ended before, ${unrung} never rung`;
}
