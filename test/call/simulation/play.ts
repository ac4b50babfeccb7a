/**
 * Plays one world from its first moment until nothing happens any more, in virtual time, and hands over all that was seen. It judges nothing. The same plan
 * must always be played the same way.
 */
import type { Ending } from '../../../src/call/outcomes.ts';
import type { CallPorts } from '../../../src/call/ports.ts';
import { Router } from '../../../src/call/router.ts';
import { VirtualClock } from '../fakes/clock.ts';
import { type FakeJournal, fakeJournal } from '../fakes/journal.ts';
import { type FakeLog, fakeLog } from '../fakes/log.ts';
import { fakeRegistry } from '../fakes/registry.ts';
import { MOBILE, WEBAPP } from '../fakes/world.ts';
import { Orders } from './orders.ts';
import { type HeldCaller, Pbx } from './pbx.ts';
import { PushService, type SentPush } from './push-service.ts';
import type { TroublePlan, WorldPlan } from './world-plan.ts';

export interface PlayedCall extends HeldCaller {
  readonly callId: string;
  readonly arrivedAtMs: number;
  readonly endings: Ending[];
  endedAtMs: number | undefined;
}

export interface Played {
  readonly plan: WorldPlan;
  /** What happened, in order. */
  readonly lines: readonly { readonly atMs: number; readonly what: string }[];
  readonly calls: readonly PlayedCall[];
  readonly pbx: Pbx;
  readonly pushes: readonly SentPush[];
  readonly journal: FakeJournal;
  readonly log: FakeLog;
  readonly struck: readonly TroublePlan[];
  /** Sleepers that were there when no call was. */
  readonly sleepersLeft: number;
  /** True when something went on happening for ever. */
  readonly endless: boolean;
  /** Whether the stop that was asked for has come to its end. */
  readonly stop: 'none' | 'asked' | 'done';
  readonly stoppedAtMs: number;
  /** Rejections that nobody took. */
  readonly strays: readonly unknown[];
}

const USER = '7';
const MOST_WAKES = 20_000;

/** @param meddle puts other ports in the router's hands, to show that a fault is found */
export async function play(plan: WorldPlan, meddle = (ports: CallPorts) => ports): Promise<Played> {
  const clock = new VirtualClock(0, Date.UTC(2024, 0, 1), 1);
  const lines: { atMs: number; what: string }[] = [];
  const trace = (what?: string) => (what === undefined ? lines.length : lines.push({ atMs: clock.nowMs(), what }));
  const orders = new Orders(plan, clock, trace);
  const pbx = new Pbx(plan, clock, orders, trace);
  const journal = fakeJournal();
  const log = fakeLog();
  const push = new PushService({
    devices: plan.devices,
    clock,
    trace,
    onWake: ({ phone, how }) => register(phone, how),
    onSent: ({ callId, what }) => what === 'wake' && pbx.companyIsDue(channelOf(callId)),
  });
  const registry = fakeRegistry();
  registry.putUser({ userId: USER, ringingDevice: plan.ringingDevice, mobileEndpoint: MOBILE, webAppEndpoint: WEBAPP });
  for (const { deviceId, platform } of plan.devices) {
    registry.putDevice({ userId: USER, deviceId, platform, token: `token-${deviceId}` });
  }
  const ports: CallPorts = {
    clock,
    legs: pbx.legs,
    bridges: pbx.bridges,
    registrations: pbx.registrations,
    push,
    journal: {
      ...journal,
      note(callId, entry) {
        if (entry.what === 'stage:connecting') pbx.callers.get(channelOf(callId))?.port.waitsNoMore();
        journal.note(callId, entry);
      },
    },
    log,
    registry: {
      callee: async (userId) => await orders.send('registry.callee', userId, () => registry.callee(userId)),
      markTokenDead: async (device, reason) =>
        await orders.send('registry.markTokenDead', device.deviceId, () => registry.markTokenDead(device, reason)),
    },
  };
  const router = new Router(meddle(ports));
  const register = (phone: string, how: WorldPlan['registrations'][number]['how']) => {
    trace(`${phone} registers: ${how}`);
    pbx.phones.register(phone, how);
  };

  const calls: PlayedCall[] = [];
  let sleepersLeft = 0;
  for (const [index, call] of plan.calls.entries()) {
    clock.later(call.atMs, () => {
      const callId = `xm-${index + 1}`;
      trace(`${channelOf(callId)} comes in`);
      const held = pbx.callIn(channelOf(callId), call);
      const played: PlayedCall = { ...held, callId, arrivedAtMs: clock.nowMs(), endings: [], endedAtMs: undefined };
      calls.push(played);
      void router.route({ callId, userId: USER, caller: held.port }).then((ending) => {
        trace(`${callId} is over: ${ending.outcome} ${ending.reason}`);
        played.endings.push(ending);
        played.endedAtMs = clock.nowMs();
        if (calls.every(({ endedAtMs }) => endedAtMs !== undefined)) sleepersLeft += clock.pendingSleeps;
      });
    });
  }
  for (const { atMs, phone, how } of plan.registrations) clock.later(atMs, () => register(phone, how));
  for (const { atMs, byMs } of plan.wallJumps) clock.later(atMs, () => clock.jumpWall(byMs));
  let stop: Played['stop'] = 'none';
  if (plan.stopsAtMs !== undefined) {
    clock.later(plan.stopsAtMs, () => {
      trace('the router stops');
      stop = 'asked';
      void router.stop().then(() => {
        stop = 'done';
      });
    });
  }

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
    calls,
    pbx,
    pushes: push.sent,
    journal,
    log,
    struck: orders.struck,
    endless: wakes >= MOST_WAKES,
    sleepersLeft: sleepersLeft + clock.pendingSleeps,
    stop,
    stoppedAtMs: plan.stopsAtMs ?? Number.POSITIVE_INFINITY,
    strays,
  };
}

function channelOf(callId: string): string {
  return `caller-${callId.slice(3)}`;
}
