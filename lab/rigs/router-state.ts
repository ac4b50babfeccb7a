/**
 * What the router and Asterisk hold at a moment in which nobody calls: to be compared with another such moment. Reads only, and waits until what is closed by time alone (connections that are
 * kept a while) has been closed.
 */
import { readdir, readFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import type { Lab } from '../lab.ts';
import type { RouterInside } from './router-inside.ts';

export interface RestingState {
  /** Calls that have been played so far. */
  readonly calls: number;
  readonly heapBytes: number;
  readonly memoryMb: number;
  /** Sockets of the process, listening ones included. */
  readonly sockets: number;
  /** Timers that keep the process alive. */
  readonly timers: number;
  /** Whatever else does, by kind; sockets and the like. */
  readonly resources: number;
  readonly channels: number;
  /** Of conversations, which are Asterisk's own. */
  readonly bridges: number;
  /** Of calls that wait: bridges as well, in which nobody stands. */
  readonly notes: number;
  readonly subscriptions: number;
  /** Calls in the history. */
  readonly history: number;
  readonly asterisk: { readonly memoryMb: number; readonly files: number; readonly threads: number };
}

/** Longer than any idle connection is kept, in ms. */
const REST_MS = 60_000;
const LOOK_MS = 100;
const NOTE = /-note(?:-[a-z-]+)?$/;

/** @param sockets how many there may be for the router to count as at rest; it is waited for them, but not for ever */
export async function lookAtRest(
  lab: Lab,
  inside: RouterInside,
  calls: number,
  sockets: number,
): Promise<RestingState> {
  const untilMs = performance.now() + REST_MS;
  while ((await lab.router.sockets()) > sockets && performance.now() < untilMs) await delay(LOOK_MS);
  return await look(lab, inside, calls);
}

/** As it is now. */
export async function look(lab: Lab, inside: RouterInside, calls: number): Promise<RestingState> {
  const { Timeout: timers = 0, ...others } = await inside.resources();
  const left = await lab.asterisk.leftovers();
  return {
    calls,
    heapBytes: await inside.heapBytes(),
    memoryMb: await lab.router.memoryMb(),
    sockets: await lab.router.sockets(),
    timers,
    resources: Object.values(others).reduce((sum, count) => sum + count, 0),
    channels: left.channels.length,
    bridges: left.bridges.filter((id) => !NOTE.test(id)).length,
    notes: left.bridges.filter((id) => NOTE.test(id)).length,
    subscriptions: left.subscriptions.length,
    history: historyOf(lab),
    asterisk: await processOf(lab.asterisk.pid()),
  };
}

function historyOf(lab: Lab): number {
  const file = lab.router.environment.DATABASE_URL?.replace(/^sqlite:/, '') ?? '';
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS calls FROM calls').get()?.calls ?? 0);
  } finally {
    database.close();
  }
}

async function processOf(pid: number): Promise<RestingState['asterisk']> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  return {
    memoryMb: Math.round(number('VmRSS') / 1024),
    threads: number('Threads'),
    files: (await readdir(`/proc/${pid}/fd`)).length,
  };
}
