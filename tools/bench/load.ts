/**
 * 1,000 callers who wait at once on one Asterisk, then 1,000 registrations within ten seconds: whether every one rings, how long each takes, and who has how much to do meanwhile. They hear
 * ringing as a signal. Then the same with fewer callers who hear music: each is 50 packets a second for Asterisk, which 1,000 of them
 * keep so busy on two cores that it no longer answers in time. A lab of its own, for it is much larger.
 */
import type { AsteriskVersion } from '../../lab/asterisk/asterisk.ts';
import type { AsteriskInstall } from '../../lab/asterisk/fetch.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { type CrowdCount, type CrowdStep, playCrowd } from '../../lab/rigs/crowd.ts';
import { INSPECTED, type LoopDelay, RouterInside } from '../../lab/rigs/router-inside.ts';
import { SoundSink } from '../../lab/rigs/sound-sink.ts';
import { answerMs } from './crowd.ts';
import type { Sheet } from './figures.ts';
import { processorMs } from './processor.ts';

/** How many wait, by what they hear. */
export const LOAD = { ringing: 1_000, music: 500 } as const;
const SHAPE = {
  come: { withinMs: 20_000 },
  waitMs: 5_000,
  wakeWithinMs: 10_000,
  goWithinMs: 10_000,
  answerAfterMs: 500,
  patienceMs: 60_000,
} as const;
/** Two for each of the two channels of each call, and room, for Asterisk tries ports at random. */
const RTP_PORTS = 6 * LOAD.ringing;

export const HEARD = { ringing: 'callers hear ringing', music: 'callers hear music' } as const;
export type Heard = keyof typeof HEARD;

export interface LoadCount {
  readonly count: CrowdCount;
  /** Of one core, in percent: while all wait, and while all register. */
  readonly waiting: Shares;
  readonly registering: Shares;
  /** The router's event loop, while all register. */
  readonly late: LoopDelay;
  readonly memoryMb: number;
}

interface Shares {
  readonly asterisk: number;
  readonly router: number;
  readonly phones: number;
}

export type LoadFigures = Readonly<Record<Heard, LoadCount>>;

export function loadRow(heard: Heard, what: 'push' | 'register' | 'answer'): string {
  return `load ${heard} ${what}`;
}

export function startLoadLab(version: AsteriskVersion, install: AsteriskInstall): Promise<Lab> {
  return startLab({
    version,
    seats: LOAD.ringing,
    globals: globalsFor('ringing'),
    asterisk: { install, rtpPorts: RTP_PORTS },
    environment: INSPECTED,
  });
}

/** A wait of two minutes that looks every five seconds. */
function globalsFor(heard: Heard): string {
  const music = heard === 'music' ? 'True' : 'False';
  return `XIVO_MAPP_PLAY_MSG = ${music}
XIVO_MAPP_WAIT_WITH_MUSIC = ${music}
XIVO_MAPP_LOOPS_MOBILEAPP = 24
XIVO_MAPP_LOOPS_INTERVAL = 5`;
}

export async function measureLoad(lab: Lab, figures: Sheet, say: (text: string) => void): Promise<LoadFigures> {
  await using inside = await RouterInside.open(lab.router);
  await using sink = await SoundSink.open(lab.asterisk.trunkAddress);
  const measure = async (heard: Heard): Promise<LoadCount> => {
    await lab.asterisk.reloadGlobals(globalsFor(heard));
    return await measureOne(heard, { lab, inside, soundPort: sink.port, figures, say });
  };
  return { ringing: await measure('ringing'), music: await measure('music') };
}

interface LoadRig {
  readonly lab: Lab;
  readonly inside: RouterInside;
  readonly soundPort: number;
  readonly figures: Sheet;
  say(text: string): void;
}

async function measureOne(heard: Heard, { lab, inside, soundPort, figures, say }: LoadRig): Promise<LoadCount> {
  const started = new Map<CrowdStep, Spent>();
  let late: LoopDelay = { p50: Number.NaN, p99: Number.NaN, max: Number.NaN };
  let memoryMb = 0;
  const { count, members, failures } = await playCrowd(lab, {
    ...SHAPE,
    calls: LOAD[heard],
    soundPort,
    onStep: async (step) => {
      say(`${LOAD[heard]} calls at once, ${HEARD[heard]}: they ${step}`);
      started.set(step, await spentBy(lab));
      if (step === 'are rung') await inside.watchLoop();
      if (step !== 'talk') return;
      late = await inside.loopDelay();
      memoryMb = await lab.router.memoryMb();
    },
  });
  for (const failure of failures.slice(0, 10)) console.error(failure);
  for (const member of members) {
    const { call, pushedAtMs = Number.NaN, registerAtMs = Number.NaN, invitedAtMs = Number.NaN } = member;
    const add = (what: 'push' | 'register' | 'answer', ms: number): void => {
      if (!Number.isNaN(ms)) figures.add(loadRow(heard, what), ms);
    };
    add('push', pushedAtMs - call.startedAtMs);
    add('register', invitedAtMs - registerAtMs);
    add('answer', answerMs(member));
  }
  const between = (from: CrowdStep, to: CrowdStep): Shares => sharesOf(started.get(from), started.get(to));
  return {
    count,
    waiting: between('wait', 'are rung'),
    registering: between('are rung', 'talk'),
    late,
    memoryMb,
  };
}

interface Spent extends Shares {
  readonly atMs: number;
}

/** Processor time that each has spent so far, in ms. The phones, and the push services, are this process. */
async function spentBy(lab: Lab): Promise<Spent> {
  const { user, system } = process.cpuUsage();
  return {
    atMs: performance.now(),
    asterisk: await processorMs(lab.asterisk.pid()),
    router: await processorMs(lab.router.pid),
    phones: (user + system) / 1000,
  };
}

function sharesOf(from: Spent | undefined, to: Spent | undefined): Shares {
  const percent = (who: keyof Shares): number =>
    from === undefined || to === undefined
      ? Number.NaN
      : Math.round((100 * (to[who] - from[who])) / (to.atMs - from.atMs));
  return { asterisk: percent('asterisk'), router: percent('router'), phones: percent('phones') };
}
