/**
 * What a call costs Asterisk: its processor while callers wait, and from a mobile's REGISTER until caller and callee talk, by the router and by a plain dialplan that looks
 * each second, in turn on the same Asterisk; one call after another, and many at once. And what the router asks for it, and is told. A lab of its own: its callers have to be alone.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AsteriskVersion } from '../../lab/asterisk/asterisk.ts';
import type { AsteriskInstall } from '../../lab/asterisk/fetch.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { AriCounter, type Traffic } from '../../lab/rigs/ari-counter.ts';
import { spreadOut } from '../../lab/rigs/many.ts';
import { SoundSink } from '../../lab/rigs/sound-sink.ts';
import { MUSIC_POLL_DIALPLAN, RINGING_POLL_DIALPLAN } from './competitors.ts';
import {
  AFTER_MS,
  arrive,
  COST_CALLS,
  COST_WAYS,
  type CostRig,
  type CostWay,
  callsOf,
  leave,
  PATIENCE_MS,
  type Round,
  seat,
  spentForCalls,
  spentOn,
  wakeAndTalk,
} from './cost-round.ts';
import type { Heard } from './load.ts';

const WAYS = ['plain', 'router'] as const;

/** The calls come spread over this, and one alone waits so much longer at most: the looks of the plain dialplan then keep step with nothing. */
const PHASES_MS = 1_000;
/** Until the message is over, and whatever a call's begin costs. */
const SETTLE_MS = 1_500;
/** How long callers are watched who wait: whatever is done each second, two or five is in it. */
const WATCH_MS = 10_000;
/** All mobiles of a crowd register within this. */
const BURST_MS = 100;
/** Two for each of the two channels of each call, and room. */
const RTP_PORTS = 10 * COST_CALLS.together;

/** By one way, for callers who hear one thing. */
export interface CostCount {
  /** Processor of Asterisk, ms for each call, from REGISTER to talking and half a second on. */
  readonly togetherMs: number;
  readonly aloneMs: number;
  /** Processor of Asterisk while callers wait, in percent of one core for each 100 of them. */
  readonly waitingPercent: number;
}

/** For each call, from its arrival to its end, while as many are under way. */
interface TrafficCount {
  readonly requests: number;
  readonly requestBytes: number;
  readonly events: number;
  readonly eventBytes: number;
}

export interface CostOf extends Readonly<Record<CostWay, CostCount>> {
  readonly traffic: TrafficCount;
}

export interface CostFigures extends Readonly<Record<Heard, CostOf>> {
  /** Processor of Asterisk without any call, with the router and without, in percent of one core. */
  readonly idlePercent: Readonly<Record<CostWay, number>>;
}

export function startCostLab(version: AsteriskVersion, install: AsteriskInstall): Promise<Lab> {
  return startLab({
    version,
    seats: COST_CALLS.together,
    globals: globalsFor('ringing'),
    asterisk: { install, rtpPorts: RTP_PORTS, extraDialplan: MUSIC_POLL_DIALPLAN + RINGING_POLL_DIALPLAN },
  });
}

/** A wait of two minutes that looks every five seconds. The message is short, for it is the waiting that is measured. */
function globalsFor(heard: Heard): string {
  const music = heard === 'music' ? 'True' : 'False';
  return `XIVO_MAPP_PLAY_MSG = ${music}
XIVO_MAPP_WAIT_WITH_MUSIC = ${music}
XIVO_MAPP_MSG_SOUND = beep
XIVO_MAPP_LOOPS_MOBILEAPP = 24
XIVO_MAPP_LOOPS_INTERVAL = 5`;
}

export async function measureCost(rig: CostRig): Promise<CostFigures> {
  const { lab } = rig;
  await using sink = await SoundSink.open(lab.asterisk.trunkAddress);
  const idle = await idlePart(rig, 'with the router');
  const roundOf = (heard: Heard, way: CostWay): Round => ({ ...rig, heard, way, soundPort: sink.port, idle });
  const costs = async (heard: Heard): Promise<Record<CostWay, CostCount>> => {
    await lab.asterisk.reloadGlobals(globalsFor(heard));
    const alone = await playAlone(
      rig,
      WAYS.map((way) => roundOf(heard, way)),
    );
    const plain = await playTogether(roundOf(heard, 'plain'));
    const router = await playTogether(roundOf(heard, 'router'));
    return { plain: { ...plain, aloneMs: alone.plain }, router: { ...router, aloneMs: alone.router } };
  };
  const ringing = await costs('ringing');
  const music = await costs('music');
  await lab.router.terminate();
  const idlePercent = { router: 100 * idle, plain: 100 * (await idlePart(rig, 'without the router')) };
  // At last, for the counter stands in the way, and takes a little time.
  const counter = await AriCounter.before(lab);
  try {
    const traffic = async (heard: Heard): Promise<TrafficCount> => {
      await lab.asterisk.reloadGlobals(globalsFor(heard));
      return await countTraffic(counter, roundOf(heard, 'router'));
    };
    return {
      idlePercent,
      ringing: { ...ringing, traffic: await traffic('ringing') },
      music: { ...music, traffic: await traffic('music') },
    };
  } finally {
    // While it can still say goodbye.
    await lab.router.terminate();
    await counter.stop();
  }
}

/** What Asterisk's processor does without a call, as a part of one core. */
async function idlePart(rig: CostRig, how: string): Promise<number> {
  rig.say(`no call, ${how}`);
  const spent = await spentOn(rig, () => delay(WATCH_MS));
  return spent.processorMs / spent.lastedMs;
}

/** Calls one by one, the ways in turn. Gives the processor time for each call, ms. */
async function playAlone(rig: CostRig, rounds: readonly Round[]): Promise<Record<CostWay, number>> {
  const spentMs = { plain: 0, router: 0 };
  const calls = callsOf('alone', rig);
  for (let turn = 1; turn <= calls; turn += 1) {
    for (const round of rounds) {
      const { lab, heard, way, say } = round;
      say(`${heard}, ${COST_WAYS[way]}: call ${turn} of ${calls}, one after another`);
      for (const callee of await seat(1, round)) {
        const member = await arrive(callee, round);
        await delay(SETTLE_MS + Math.random() * PHASES_MS);
        spentMs[way] += await spentForCalls(round, () => wakeAndTalk(member, round, 'alone'));
        await leave(member);
      }
      // The next one comes to an Asterisk that has nothing else to do.
      await lab.nothingRemains(PATIENCE_MS);
    }
  }
  return { plain: spentMs.plain / calls, router: spentMs.router / calls };
}

async function playTogether(round: Round): Promise<Omit<CostCount, 'aloneMs'>> {
  const { lab, heard, way, say } = round;
  const calls = callsOf('together', round);
  const tell = (what: string) => say(`${heard}, ${COST_WAYS[way]}: ${calls} ${what}`);
  tell('calls at once');
  const callees = await seat(calls, round);
  const members = await Promise.all(spreadOut(callees, PHASES_MS, (callee) => arrive(callee, round)));
  await delay(SETTLE_MS);
  tell('callers wait');
  const waiting = await spentOn(round, () => delay(WATCH_MS));
  const waitingPercent = (100 * 100 * (waiting.processorMs / waiting.lastedMs - round.idle)) / calls;
  tell('mobiles register');
  const spentMs = await spentForCalls(round, () =>
    Promise.all(spreadOut(members, BURST_MS, (member) => wakeAndTalk(member, round, 'together'))),
  );
  await Promise.all(members.map((member) => leave(member)));
  await lab.nothingRemains(PATIENCE_MS);
  return { togetherMs: spentMs / calls, waitingPercent };
}

async function countTraffic(counter: AriCounter, round: Round): Promise<TrafficCount> {
  const calls = callsOf('together', round);
  round.say(`${round.heard}: ${calls} calls at once, what is asked and told is counted`);
  const callees = await seat(calls, round);
  counter.begin();
  const members = await Promise.all(spreadOut(callees, PHASES_MS, (callee) => arrive(callee, round)));
  await delay(SETTLE_MS);
  await Promise.all(spreadOut(members, BURST_MS, (member) => wakeAndTalk(member, round, undefined)));
  await delay(AFTER_MS);
  await Promise.all(members.map((member) => leave(member)));
  await round.lab.nothingRemains(PATIENCE_MS);
  const { requests, events } = counter.count();
  const each = (traffic: ReadonlyMap<string, Traffic>, what: 'times' | 'bytes') =>
    [...traffic.values()].reduce((sum, one) => sum + one[what], 0) / calls;
  return {
    requests: each(requests, 'times'),
    requestBytes: each(requests, 'bytes'),
    events: each(events, 'times'),
    eventBytes: each(events, 'bytes'),
  };
}
