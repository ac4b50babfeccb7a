/**
 * Tells systemd how the router is, through its own program, where systemd has asked for it by NOTIFY_SOCKET. Without systemd every order
 * does nothing. It must never hold up the start or the end of the router for long, and never fail it.
 */
import { execFile } from 'node:child_process';
import type { Clock, Log } from '../call/ports.ts';

export interface NotifyOptions {
  /** NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID as systemd gave them. */
  readonly socket: string | undefined;
  readonly watchdogUsec?: string | undefined;
  readonly watchdogPid?: string | undefined;
  /** Of this process. */
  readonly pid: number;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
  readonly program?: string;
}

export interface Notify {
  /** Calls are taken from now on, unless it has been said that none are any more. Starts the watchdog's pings, where systemd wants them. */
  ready(status: string): Promise<void>;
  /** One line for `systemctl status`. */
  status(text: string): Promise<void>;
  /** No calls are taken any more. Ends the pings. */
  stopping(): Promise<void>;
}

const longestMs = 2_000;

export function notifySystemd(options: NotifyOptions): Notify {
  const { socket, clock, log, pid, program = '/usr/bin/systemd-notify' } = options;
  const over = new AbortController();
  let toldOfFault = false;

  const tell = (...assignments: string[]): Promise<void> => {
    if (socket === undefined || socket === '') return Promise.resolve();
    return new Promise((resolve) => {
      const asked = { env: { NOTIFY_SOCKET: socket }, timeout: longestMs };
      execFile(program, assignments, asked, (error) => {
        if (error !== null && !toldOfFault) {
          toldOfFault = true;
          log.warn('systemd has not confirmed what it was told of the router; with Type=notify it may stop it', {
            error,
          });
        }
        resolve();
      });
    });
  };

  const everyMs = watchdogMs(options.watchdogUsec);
  const forUs = options.watchdogPid === undefined || options.watchdogPid === String(pid);
  const ping = async (everyPingMs: number): Promise<void> => {
    while (!over.signal.aborted) {
      await tell('WATCHDOG=1');
      await clock.sleep(everyPingMs, over.signal);
    }
  };

  return {
    async ready(status) {
      if (over.signal.aborted) return;
      await tell('READY=1', statusLine(status));
      // It sleeps until stopping() ends it, which is the only way in which it rejects.
      if (everyMs !== undefined && forUs && socket) ping(everyMs).catch(() => undefined);
    },
    status: (text) => tell(statusLine(text)),
    async stopping() {
      over.abort(new Error('the router is stopping'));
      await tell('STOPPING=1');
    },
  };
}

/** Half of what systemd allows, ms. */
function watchdogMs(usec: string | undefined): number | undefined {
  if (usec === undefined || !/^[1-9]\d{0,15}$/.test(usec)) return undefined;
  return Number(usec) / 2_000;
}

function statusLine(text: string): string {
  return `STATUS=${text.replaceAll(/\s+/g, ' ')}`;
}
