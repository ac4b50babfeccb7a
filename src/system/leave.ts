/**
 * The last act of the process. Node waits at its exit for work that the system does for it, and a look-up of a name whose server is silent takes it
 * half a minute: whoever waits for the router's end must not wait for that. It must never be called before all is closed and logged.
 */

import { setTimeout as pause } from 'node:timers/promises';

type HardEnd = 'SIGTERM' | 'SIGKILL';

/** What it needs of the process. */
export interface Leaving {
  readonly pid: number;
  exit(status: number): never;
  kill(pid: number, signal: HardEnd): unknown;
  removeAllListeners(signal: 'SIGTERM'): unknown;
  getActiveResourcesInfo(): readonly string[];
}

/** Work of the system that nobody can call back. */
const cannotBeCalledBack = /^(GetAddrInfo|GetNameInfo|FSReq)/;
/** For how long it may still come to its end, in ms: most of it takes less than one. */
const PATIENCE_MS = 250;
const LOOK_MS = 5;

/**
 * Ends the process: with the status, or, where that would have to wait for longer than a quarter of a second, by a signal.
 * @param by SIGTERM, which systemd takes for a clean end as well, or SIGKILL, which it does not
 */
export async function leave(program: Leaving, status: number, by: HardEnd = 'SIGTERM'): Promise<never> {
  const isBusy = (): boolean => program.getActiveResourcesInfo().some((name) => cannotBeCalledBack.test(name));
  for (let waitedMs = 0; waitedMs < PATIENCE_MS && isBusy(); waitedMs += LOOK_MS) await pause(LOOK_MS);
  if (isBusy()) {
    program.removeAllListeners('SIGTERM');
    program.kill(program.pid, by);
  }
  return program.exit(status);
}
