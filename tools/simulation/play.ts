/**
 * Plays one world from its first moment until nothing happens any more, in virtual time, and hands over all that was seen. It judges nothing. The same plan
 * must always be played the same way.
 */
import { VirtualClock } from '../../lab/fakes/clock.ts';
import { fakeRegistry } from '../../lab/fakes/registry.ts';
import { MOBILE, WEBAPP } from '../../lab/fakes/world.ts';
import type { PlayedCall } from './ledger.ts';
import { Life } from './life.ts';
import { Wire } from './orders.ts';
import { type Moment, Pbx, USER } from './pbx.ts';
import { PushService, type SentPush } from './push-service.ts';
import { type Meddle, Run } from './run.ts';
import type { RestartPlan, TroublePlan, WorldPlan } from './world-plan.ts';

export interface Played {
  readonly plan: WorldPlan;
  /** What happened, in order. */
  readonly lines: readonly { readonly atMs: number; readonly what: string }[];
  readonly runs: readonly Run[];
  /** Calls of all runs: one that goes on in another run is two. */
  readonly calls: readonly PlayedCall[];
  readonly pbx: Pbx;
  readonly wallAtBeginningMs: number;
  readonly pushes: readonly SentPush[];
  readonly struck: readonly TroublePlan[];
  /** True when something went on happening for ever. */
  readonly endless: boolean;
  /** Rejections that nobody took. */
  readonly strays: readonly unknown[];
}

const MOST_WAKES = 20_000;
/** How long a router that was asked to stop may take, ms: main.ts ends it then. */
const DRAIN_MS = 10_000;

/** @param meddle puts other ports in the router's hands, to show that a fault is found */
export async function play(plan: WorldPlan, meddle: Meddle = (ports) => ports): Promise<Played> {
  const wallAtBeginningMs = Date.UTC(2024, 0, 1);
  const clock = new VirtualClock(0, wallAtBeginningMs, 1);
  const lines: { atMs: number; what: string }[] = [];
  const trace = (what?: string) => (what === undefined ? lines.length : lines.push({ atMs: clock.nowMs(), what }));
  const wire = new Wire(plan, clock, trace);
  const runs: Run[] = [];
  let run: Run | undefined;
  const pbx = new Pbx({ plan, clock, trace, run: () => run, onMoment: (moment) => atMoment(moment) });
  const register = (phone: string, how: WorldPlan['registrations'][number]['how']) => {
    trace(`${phone} registers: ${how}`);
    pbx.phones.register(phone, how);
  };
  const push = new PushService({
    devices: plan.devices,
    clock,
    trace,
    onWake: ({ phone, how }) => register(phone, how),
    onSent: ({ callId, what }) => {
      if (what !== 'wake') return;
      pbx.companyIsDue(run?.calls.findLast((call) => call.callId === callId)?.channel);
      atMoment('after-push');
    },
  });
  const registry = fakeRegistry();
  registry.putUser({ userId: USER, ringingDevice: plan.ringingDevice, mobileEndpoint: MOBILE, webAppEndpoint: WEBAPP });
  for (const { deviceId, platform } of plan.devices) {
    registry.putDevice({ userId: USER, deviceId, platform, token: `token-${deviceId}` });
  }

  const begin = () => {
    const life = new Life(runs.length + 1, clock);
    if (runs.length > 0) trace(`run ${life.number} of the router begins`);
    run = new Run({ pbx, life, orders: wire.ordersOf(life), push, registry, meddle });
    runs.push(run);
    const restart = plan.restarts[runs.length - 1];
    if (restart?.when === 'at') clock.later(restart.ms - clock.nowMs(), () => end(life, restart));
    pbx.line.hold(runs.length === 1);
  };
  const due = new Set<RestartPlan>();
  const atMoment = (moment: Moment) => {
    const restart = plan.restarts[runs.length - 1];
    if (run === undefined || restart?.when !== moment || due.has(restart)) return;
    due.add(restart);
    const { life } = run;
    clock.later(restart.ms, () => end(life, restart));
  };
  const end = (life: Life, restart: RestartPlan) => {
    const ending = run;
    if (ending?.life !== life || ending.stop !== 'none') return;
    if (restart.how === 'dies') return die(ending, restart);
    trace('the router stops');
    clock.later(DRAIN_MS, () => die(ending, restart));
    void ending.halt().then(() => clock.later(0, () => die(ending, restart)));
  };
  const die = (ending: Run, { done, backAfterMs }: RestartPlan) => {
    if (run !== ending) return;
    trace(`run ${ending.life.number} of the router ends`);
    run = undefined;
    ending.life.end(clock.nowMs(), done);
    pbx.abandon();
    if (backAfterMs !== undefined) clock.later(backAfterMs, begin);
  };

  begin();
  for (const [index, call] of plan.calls.entries()) {
    clock.later(call.atMs, () => pbx.callIn(`caller-${index + 1}`, call));
  }
  for (const { atMs, phone, how } of plan.registrations) clock.later(atMs, () => register(phone, how));
  for (const { atMs, byMs } of plan.wallJumps) clock.later(atMs, () => clock.jumpWall(byMs));

  const strays: unknown[] = [];
  const onStray = (fault: unknown) => strays.push(fault);
  process.on('unhandledRejection', onStray);
  let wakes = 0;
  try {
    while (wakes < MOST_WAKES && (await clock.advanceToNextWake())) wakes += 1;
  } finally {
    process.off('unhandledRejection', onStray);
  }
  return {
    plan,
    lines,
    runs,
    calls: runs.flatMap(({ calls }) => calls),
    pbx,
    wallAtBeginningMs,
    pushes: push.sent,
    struck: wire.struck,
    endless: wakes >= MOST_WAKES,
    strays,
  };
}
