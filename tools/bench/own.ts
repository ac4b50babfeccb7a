/**
 * What the router itself costs: how long it takes from its start until it is ready, how much larger 20,000 users make it, and what each caller who waits takes
 * of memory and processor. Callers hear ringing, and their mobiles sleep without a registration. A lab of its own, for its registry is filled.
 */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import type { AsteriskVersion } from '../../lab/asterisk/asterisk.ts';
import type { AsteriskInstall } from '../../lab/asterisk/fetch.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { allAre } from '../../lab/rigs/live-calls.ts';
import { seatSleepers, spreadOut, UNHEARD } from '../../lab/rigs/many.ts';
import { INSPECTED, RouterInside } from '../../lab/rigs/router-inside.ts';
import type { Sheet } from './figures.ts';
import { processorMs } from './processor.ts';

export const OWN = { calls: 300, users: 20_000 } as const;
export const START_ROW = 'own start';
const STARTS = 10;
/** Two for each of the two channels of each call, and room, for Asterisk tries ports at random. */
const RTP_PORTS = 6 * OWN.calls;
const COME_WITHIN_MS = 10_000;
const SETTLE_MS = 10_000;
const WATCH_MS = 30_000;
const PATIENCE_MS = 120_000;
/** A wait of five minutes that looks every five seconds. */
const GLOBALS = `XIVO_MAPP_PLAY_MSG = False
XIVO_MAPP_WAIT_WITH_MUSIC = False
XIVO_MAPP_LOOPS_MOBILEAPP = 60
XIVO_MAPP_LOOPS_INTERVAL = 5`;

export interface OwnFigures {
  /** Resident memory with no user, and with all. */
  readonly memoryMb: { readonly none: number; readonly all: number };
  /** Of its heap, for each caller who waits, in kB. */
  readonly waitingKb: number;
  /** Of one core, in percent: without any call, and for each 100 callers who wait above that. */
  readonly idlePercent: number;
  readonly waitingPercent: number;
}

interface OwnRig {
  readonly lab: Lab;
  readonly quick: boolean;
  readonly figures: Sheet;
  say(text: string): void;
}

export function startOwnLab(version: AsteriskVersion, install: AsteriskInstall): Promise<Lab> {
  return startLab({
    version,
    seats: OWN.calls,
    globals: GLOBALS,
    asterisk: { install, rtpPorts: RTP_PORTS },
    startRouter: false,
  });
}

export async function measureOwn({ lab, quick, figures, say }: OwnRig): Promise<OwnFigures> {
  const { router } = lab;
  // The first one compiles what the others find compiled.
  await router.start();
  for (let turn = 1; turn <= (quick ? STARTS / 5 : STARTS); turn += 1) {
    say(`start ${turn}`);
    await router.terminate();
    const startedMs = performance.now();
    await router.start();
    figures.add(START_ROW, performance.now() - startedMs);
  }
  const settled = async (): Promise<number> => {
    await delay(SETTLE_MS);
    return await router.memoryMb();
  };
  say('memory with no user');
  const none = await settled();
  await router.terminate();
  fill(router.environment.DATABASE_URL ?? '');
  await router.start();
  say(`memory with ${OWN.users} users`);
  const all = await settled();
  await router.terminate();
  router.environment = { ...router.environment, ...INSPECTED };
  await router.start();
  return { memoryMb: { none, all }, ...(await watchWaiting(lab, say)) };
}

async function watchWaiting(lab: Lab, say: (text: string) => void) {
  await using inside = await RouterInside.open(lab.router);
  // What grows with the first calls and then stays is none of the others'.
  await crowd(lab, async () => say(`${OWN.calls} callers have come once`));
  const idlePercent = await percentOf(lab);
  const beforeBytes = await inside.heapBytes();
  return await crowd(lab, async () => {
    say(`${OWN.calls} callers wait`);
    const waitingPercent = ((await percentOf(lab)) - idlePercent) / (OWN.calls / 100);
    const heldBytes = (await inside.heapBytes()) - beforeBytes;
    return { waitingKb: heldBytes / OWN.calls / 1_000, idlePercent, waitingPercent };
  });
}

/** All come and wait; then `act`; then all hang up. */
async function crowd<T>(lab: Lab, act: () => Promise<T>): Promise<T> {
  const callees = await seatSleepers(lab, OWN.calls, 0, (seat) => ({ platform: seat % 2 === 0 ? 'android' : 'ios' }));
  const calls = await Promise.all(
    spreadOut(callees, COME_WITHIN_MS, (callee) => lab.caller({ audio: UNHEARD }).call(callee)),
  );
  await allAre(lab, 'waiting', OWN.calls, PATIENCE_MS);
  await delay(SETTLE_MS);
  const result = await act();
  await Promise.all(spreadOut(calls, COME_WITHIN_MS, (call) => call.hangUp()));
  await lab.nothingRemains(PATIENCE_MS);
  return result;
}

/** The router's processor from now on, in percent of one core. */
async function percentOf({ router }: Lab): Promise<number> {
  const [startedMs, spentMs] = [performance.now(), await processorMs(router.pid)];
  await delay(WATCH_MS);
  return (100 * ((await processorMs(router.pid)) - spentMs)) / (performance.now() - startedMs);
}

/** Users with one mobile each, whose tokens are as long as those of FCM. While no router has the file. */
function fill(databaseUrl: string): void {
  const sqlite = new DatabaseSync(databaseUrl.replace('sqlite:', ''));
  const user = sqlite.prepare(
    "INSERT INTO users (user_id, ringing_device, mobile_endpoint) VALUES (?, 'MobileApp', ?)",
  );
  const device = sqlite.prepare(
    "INSERT INTO devices (user_id, device_id, platform, token, registered_at_ms) VALUES (?, 'phone', 'android', ?, 0)",
  );
  sqlite.exec('BEGIN');
  for (let n = 0; n < OWN.users; n += 1) {
    user.run(`bench-${n}`, `PJSIP/bench-${n}`);
    device.run(`bench-${n}`, String(n).padStart(163, 'x'));
  }
  sqlite.exec('COMMIT');
  sqlite.close();
}
