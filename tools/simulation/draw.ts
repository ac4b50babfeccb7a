/**
 * Draws a world from a seed. Moments are drawn close to one another on purpose: to the end of the wait, to the end of the ringing, to the same
 * round number, since races live where two things happen in the same instant. It must draw everything from the one seed.
 */
import type { HowLeft } from '../../src/call/errors.ts';
import { Dice } from './dice.ts';
import type {
  CallPlan,
  DevicePlan,
  PhonePlan,
  PortName,
  RegistrationKind,
  RestartPlan,
  TakePlan,
  TroublePlan,
  WorldPlan,
} from './world-plan.ts';

const PORTS: readonly PortName[] = [
  'registry.callee',
  'registry.markTokenDead',
  'caller.read',
  'caller.write',
  'caller.answer',
  'caller.startHold',
  'caller.stopHold',
  'caller.giveBack',
  'caller.hangUp',
  'legs.dial',
  'legs.hangUp',
  'caller.seek',
  'legs.hear',
  'notes.keep',
  'notes.remove',
  'watch.open',
  'watch.look',
  'watch.close',
];

type Moment = () => number;

export function drawWorld(seed: number): WorldPlan {
  const dice = new Dice(seed);
  const loops = dice.pick(0, 1, 1, 2, 3);
  const intervalSeconds = dice.pick(1, 1, 2, 5);
  const ringSeconds = dice.pick(1, 2, 2, 5, 10);
  const [reachMs, replyMs] = dice.pick([0, 0], [1, 1], [2, 1], [3, 0], [40, 10], [200, 0], [1500, 500]);
  const learntMs = 2 * (reachMs + replyMs);
  const waitMs = loops * intervalSeconds * 1000;
  const ringMs = ringSeconds * 1000;
  const magnets = [0, 500, 1000, intervalSeconds * 1000, waitMs, waitMs + ringMs, ringMs];
  const moment = () =>
    dice.chance(0.5)
      ? Math.max(0, learntMs + dice.pick(0, ...magnets) + dice.pick(-1, 0, 0, 0, 1, 3))
      : dice.whole(0, waitMs + ringMs + 2000);
  // Now and then all phones do the same at the same moment.
  const together = dice.chance(0.15) ? [drawTake(dice, ringMs)] : undefined;
  const mobiles = dice.list(dice.pick(0, 1, 1, 1, 2, 3), (index) => drawPhone(dice, 'mobile', index, ringMs, together));
  const webApps = dice.list(dice.pick(0, 1, 1, 1, 2), (index) => drawPhone(dice, 'webapp', index, ringMs, together));
  const phones = [...mobiles, ...webApps];
  const names = phones.map(({ name }) => name);
  return {
    seed,
    ringingDevice: dice.pick(
      'MobileApp',
      'MobileApp',
      'WebAppAndMobileApp',
      'WebAppAndMobileApp',
      'WebAppAndMobileApp',
      'WebApp',
    ),
    globals: drawGlobals(dice, loops, intervalSeconds),
    ringSeconds,
    messageMs: dice.pick(0, 300, 2000, 4000),
    phones,
    devices: dice.list(dice.pick(0, 1, 1, 2, 3), (index) => drawDevice(dice, index, mobiles, waitMs + ringMs)),
    calls: dice.list(dice.pick(1, 1, 1, 2, 3), (index) => drawCall(dice, index, moment)),
    registrations: dice.list(names.length === 0 ? 0 : dice.pick(0, 0, 1, 2, 3), () => ({
      atMs: moment(),
      phone: dice.pick(names[0] ?? '', ...names.slice(1)),
      how: drawRegistration(dice),
    })),
    troubles: dice.chance(0.5) ? [] : dice.list(dice.whole(1, 3), () => drawTrouble(dice)),
    reachMs,
    replyMs,
    eventMs: dice.pick(0, 0, 1, 3, 50, 300),
    connectMs: dice.pick(0, 1, 1, 3, 100),
    redirectMs: dice.pick(0, 0, 1, 5),
    gaps: dice.chance(0.7)
      ? []
      : dice.list(dice.whole(1, 2), () => ({
          atMs: moment(),
          forMs: dice.pick(1, 10, 500, 2000, 6000),
          kind: dice.pick('drop', 'closed', 'stall'),
        })),
    contactsAgainMs: dice.chance(0.8) ? undefined : dice.pick(0, 1, 50, 1000),
    wallJumps: dice.chance(0.8)
      ? []
      : dice.list(dice.whole(1, 2), () => ({
          atMs: moment(),
          byMs: dice.pick(-3_600_000, -1000, 1000, 3_600_000, 86_400_000),
        })),
    restarts: dice.chance(0.7) ? [] : dice.list(dice.pick(1, 1, 1, 2), () => drawRestart(dice, moment)),
  };
}

function drawGlobals(dice: Dice, loops: number, intervalSeconds: number): Record<string, string> {
  const drawn: Record<string, string> = {
    XIVO_MAPP_LOOPS_MOBILEAPP: String(loops),
    XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP: String(loops),
    XIVO_MAPP_LOOPS_INTERVAL: String(intervalSeconds),
  };
  const flags = ['PLAY_MSG', 'WAIT_WITH_MUSIC', 'RING_WEBAPP_AT_ONCE', 'ANSWER_EARLY'];
  for (const name of flags) if (dice.chance(0.4)) drawn[`XIVO_MAPP_${name}`] = dice.pick('True', 'False');
  if (dice.chance(0.4)) drawn.XIVO_MAPP_DECLINE_ENDS = dice.pick('call', 'device', 'mobiles');
  return drawn;
}

function drawPhone(
  dice: Dice,
  kind: 'mobile' | 'webapp',
  index: number,
  ringMs: number,
  together: readonly TakePlan[] | undefined,
): PhonePlan {
  const away = kind === 'mobile' ? 'asleep' : 'not-registered';
  return {
    name: `${kind}-${index + 1}`,
    kind,
    atFirst: dice.pick('registered', 'registered', kind === 'webapp' ? 'registered' : away, away, 'not-registered'),
    takes: together ?? dice.list(dice.pick(1, 1, 2), () => drawTake(dice, ringMs)),
    deadContactFailsMs: dice.pick(undefined, undefined, 0, 1, 500),
  };
}

function drawTake(dice: Dice, ringMs: number): TakePlan {
  return {
    ringsAfterMs: dice.chance(0.25) ? undefined : dice.pick(0, 1, 50, 50, 500),
    does: dice.pick('answers', 'answers', 'answers', 'answers', 'declines', 'busy', 'fails', 'nothing', 'refused'),
    afterMs: dice.chance(0.7)
      ? dice.pick(0, 1, 50, 1000, 1000, 1500, ringMs - 1, ringMs, ringMs + 1)
      : dice.whole(0, ringMs + 1000),
    talksMs: dice.chance(0.15) ? dice.pick(0, 1, 5) : dice.pick(1000, 5000),
    answersLateMs: dice.chance(0.8) ? undefined : dice.pick(0, 1, 30, 1000),
    pickedUp: dice.chance(0.1),
  };
}

function drawDevice(dice: Dice, index: number, mobiles: readonly PhonePlan[], longestMs: number): DevicePlan {
  const names = mobiles.map(({ name }) => name);
  const own = names[index] ?? names[0];
  const waking = () => ({
    afterMs: dice.chance(0.8) ? dice.pick(0, 1, 100, 500, 1000, 2000) : dice.whole(0, longestMs),
    phone: dice.chance(0.9) ? (own ?? '') : dice.pick(own ?? '', ...names),
    how: drawRegistration(dice),
  });
  return {
    deviceId: `device-${index + 1}`,
    platform: dice.pick('android', 'ios'),
    push: dice.pick(
      ...(['delivered', 'delivered', 'delivered', 'failed', 'dead-token', 'dead-token'] as const),
      ...(['our-fault', 'not-possible', 'hangs'] as const),
    ),
    answersMs: dice.pick(0, 1, 20, 20, 500, 3000),
    settlesMs: dice.pick(0, 0, 1, 2000),
    arrives: dice.chance(0.6),
    wakings: own === undefined ? [] : dice.list(dice.pick(0, 1, 1, 1, 2), waking),
    ended: dice.pick('delivered', 'delivered', 'delivered', 'hangs', 'not-possible'),
  };
}

function drawRegistration(dice: Dice): RegistrationKind {
  return dice.pick('refresh', 'refresh', 'again', 'other-port', 'other-port', 'unregister');
}

function drawCall(dice: Dice, index: number, moment: Moment): CallPlan {
  return {
    atMs: index === 0 || dice.chance(0.3) ? 0 : moment(),
    answered: dice.chance(0.3),
    leaves: dice.chance(0.6)
      ? undefined
      : dice.chance(0.5)
        ? { when: 'after-arrival', ms: moment(), how: drawHow(dice) }
        : {
            when: dice.pick('after-answer', 'after-connect', 'after-decision'),
            ms: dice.pick(0, 0, 1, 2, 3, 5, 50, 1000),
            how: drawHow(dice),
          },
  };
}

function drawHow(dice: Dice): HowLeft {
  return dice.pick('hung-up', 'hung-up', 'hung-up', 'answered-elsewhere', 'moved');
}

function drawRestart(dice: Dice, moment: Moment): RestartPlan {
  const after = dice.chance(0.7);
  return {
    // Most often while somebody rings, since what rings outlives the router.
    when: after
      ? dice.pick(
          'after-push',
          'after-dial',
          'after-dial',
          'after-dial',
          'after-answer',
          'after-connect',
          'after-decision',
        )
      : 'at',
    ms: after ? dice.pick(0, 0, 1, 2, 3, 5, 50, 500, 2000) : moment(),
    how: dice.pick('dies', 'dies', 'dies', 'stops', 'stops'),
    backAfterMs: dice.chance(0.1) ? undefined : dice.pick(1, 50, 200, 500, 500, 1000, 2000, 5000, 12_000, 40_000),
    done: dice.list(dice.pick(1, 1, 3), () => dice.chance(0.5)),
  };
}

function drawTrouble(dice: Dice): TroublePlan {
  const fails = dice.pick('before', 'after', undefined);
  return {
    port: dice.pick('caller.read', ...PORTS),
    nth: dice.pick(1, 1, 1, 2, 2, 3, 4),
    slowMs: fails === undefined || dice.chance(0.3) ? dice.pick(1, 10, 200, 1000, 3000) : 0,
    fails,
  };
}
