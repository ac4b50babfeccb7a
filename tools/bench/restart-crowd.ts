/**
 * A restart in a crowd: a router is killed (kill -9) while very many callers wait, with ringing, and the next one takes them over. How long that takes, how much is asked of Asterisk at once and
 * in all, and what those notice who come in the middle of it: one whose mobile registers, and a new caller. Then all mobiles register and answer, so that one who was lost shows. A lab of its own,
 * for it is much larger.
 */

import type { AsteriskVersion } from '../../lab/asterisk/asterisk.ts';
import { awaitThat } from '../../lab/asterisk/deadline.ts';
import type { AsteriskInstall } from '../../lab/asterisk/fetch.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { AriCounter } from '../../lab/rigs/ari-counter.ts';
import { allRemembered } from '../../lab/rigs/death.ts';
import { allAre, liveCalls } from '../../lab/rigs/live-calls.ts';
import { inTurns, seatSleepers, spreadOut, UNHEARD } from '../../lab/rigs/many.ts';
import { processorMs } from './processor.ts';
import { lastOnWire } from './rig.ts';

const WHOLE = 1_000;
const QUICK_SHARE = 0.2;
const PATIENCE_MS = 120_000;
const TOGETHER = 10;
/** A wait that is longer than anything here. */
const GLOBALS = `XIVO_MAPP_PLAY_MSG = False
XIVO_MAPP_WAIT_WITH_MUSIC = False
XIVO_MAPP_LOOPS_MOBILEAPP = 5
XIVO_MAPP_LOOPS_INTERVAL = 60`;

export interface RestartCrowdFigures {
  readonly calls: number;
  /** From the start of the new process until Asterisk had its event connection's first request, and until all callers were taken over, ms. */
  readonly firstMs: number;
  readonly allMs: number;
  readonly mostUnderWay: number;
  readonly requests: number;
  readonly megabytes: number;
  readonly asteriskMs: number;
  /** In the middle of it: REGISTER to INVITE, and a new caller's INVITE to the push, ms. */
  readonly registerMs: number;
  readonly pushMs: number;
  readonly answered: number;
}

export function crowdSize(quick: boolean): number {
  return quick ? WHOLE * QUICK_SHARE : WHOLE;
}

export function startRestartCrowdLab(version: AsteriskVersion, install: AsteriskInstall, calls: number): Promise<Lab> {
  const seats = calls + 1;
  return startLab({
    version,
    seats,
    globals: GLOBALS,
    startRouter: false,
    asterisk: { install, rtpPorts: 6 * seats },
  });
}

export async function measureRestartCrowd(
  lab: Lab,
  calls: number,
  say: (text: string) => void,
): Promise<RestartCrowdFigures> {
  say(`a restart in a crowd: ${calls} callers come`);
  const counter = await AriCounter.before(lab);
  try {
    return await play(lab, calls, counter, say);
  } finally {
    await lab.router.kill();
    await counter.stop();
  }
}

async function play(
  lab: Lab,
  calls: number,
  counter: AriCounter,
  say: (text: string) => void,
): Promise<RestartCrowdFigures> {
  const callees = await seatSleepers(lab, calls + 1, 0, () => ({}));
  const [late, ...crowd] = callees;
  const inTheMiddle = crowd[Math.floor(calls / 2)];
  if (late === undefined || inTheMiddle === undefined) throw new Error('nobody has taken a seat');
  // As fast as the machine takes them.
  const calling = await inTurns(
    crowd,
    async (callee) => {
      const call = await lab.caller({ audio: UNHEARD }).call(callee);
      await callee.mobile.waitForPush('incoming-call', PATIENCE_MS);
      return call;
    },
    TOGETHER,
  );
  await allAre(lab, 'waiting', calls, PATIENCE_MS);
  await allRemembered(lab, crowd);
  await lab.router.kill();
  const spentMs = await processorMs(lab.asterisk.pid());
  say(`a restart in a crowd: ${calls} callers are taken over`);
  counter.begin();
  const startMs = performance.now();
  lab.router.launch();
  await awaitThat(
    async () => counter.count().requests.size > 0 || undefined,
    PATIENCE_MS,
    async () => 'it asks nothing',
  );
  const firstMs = performance.now() - startMs;
  await awaitThat(
    async () => (await waiting(lab)) > 0 || undefined,
    PATIENCE_MS,
    async () => 'nobody is taken over',
  );
  const [registerMs, pushed] = await Promise.all([
    ringsAfterRegister(inTheMiddle),
    pushedAfterInvite(lab, late),
    awaitThat(
      async () => (await waiting(lab)) >= calls - 1 || undefined,
      PATIENCE_MS,
      async () => `${await waiting(lab)} of ${calls} are taken over\n${lab.router.log.tail()}`,
    ),
  ]);
  const allMs = performance.now() - startMs;
  const { requests, mostUnderWay } = counter.count();
  const asteriskMs = (await processorMs(lab.asterisk.pid())) - spentMs;
  say(`a restart in a crowd: ${calls} mobiles answer`);
  const others = [late, ...crowd.filter((callee) => callee !== inTheMiddle)];
  await Promise.all(spreadOut(others, calls * 20, (callee) => callee.mobile.wake()));
  const all = [...calling, pushed.call];
  const results = await Promise.allSettled(all.map((call) => call.waitFor('answered', PATIENCE_MS)));
  await Promise.all(spreadOut(all, calls * 10, (call) => call.hangUp()));
  await lab.nothingRemains(PATIENCE_MS);
  const traffic = [...requests.values()];
  return {
    calls,
    firstMs,
    allMs,
    mostUnderWay,
    requests: traffic.reduce((sum, { times }) => sum + times, 0),
    megabytes: traffic.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6,
    asteriskMs,
    registerMs,
    pushMs: pushed.ms,
    answered: results.filter(({ status }) => status === 'fulfilled').length - 1,
  };
}

function waiting(lab: Lab): Promise<number> {
  return liveCalls(lab, 'waiting').catch(() => 0);
}

type Sleeper = Awaited<ReturnType<typeof seatSleepers>>[number];

async function ringsAfterRegister(callee: Sleeper): Promise<number> {
  const fromMs = performance.now();
  await callee.mobile.wake();
  await callee.mobile.phone.nextCall(PATIENCE_MS);
  const at = (direction: 'in' | 'out', what: RegExp) => lastOnWire(callee, direction, what, fromMs) ?? Number.NaN;
  return at('in', /^INVITE /) - at('out', /^REGISTER /);
}

async function pushedAfterInvite(lab: Lab, callee: Sleeper) {
  const call = await lab.caller({ audio: UNHEARD }).call(callee);
  const push = await callee.mobile.waitForPush('incoming-call', PATIENCE_MS);
  return { call, ms: push.atMs - call.startedAtMs };
}
