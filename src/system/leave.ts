/**
 * The last act of the process. Node waits at its exit for work that the system does for it, and a look-up of a name whose server is silent takes it
 * half a minute: whoever waits for the router's end must not wait for that. It must never be called before all is closed and logged.
 */

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

/**
 * Ends the process at once: with the status, or, where that would have to wait, by a signal.
 * @param by SIGTERM, which systemd takes for a clean end as well, or SIGKILL, which it does not
 */
export function leave(program: Leaving, status: number, by: HardEnd = 'SIGTERM'): void {
  if (program.getActiveResourcesInfo().some((name) => cannotBeCalledBack.test(name))) {
    program.removeAllListeners('SIGTERM');
    program.kill(program.pid, by);
  }
  program.exit(status);
}
