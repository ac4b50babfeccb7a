/**
 * Whether the dialplan sends its calls to our Stasis application. It names it in a global of its own, XIVO_MAPP_APP; where that is another name than
 * ours, no call reaches us, and everything else looks well. It must never cost a call anything: one small question every few seconds, and a failed
 * one is asked again.
 */

import { stripQuotes } from '../../call/globals.ts';
import type { Clock, Log } from '../../call/ports.ts';

interface NamedApplicationSettings {
  readonly asterisk: {
    /** What is wrong with the connection; undefined while it stands. */
    trouble(): string | undefined;
    /** A global variable's value, '' where it is not set. Rejects with PbxError. */
    global(name: string): Promise<string>;
  };
  /** The application that the router has. */
  readonly app: string;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
}

export interface NamedApplication {
  /** Why no call comes, with the cure; undefined: nothing that is known. */
  trouble(): string | undefined;
  /** A question that is under way is not waited for. */
  close(): void;
}

const GLOBAL = 'XIVO_MAPP_APP';
/** What dialplan/xivo-mapp.conf uses where the global is not set. */
const BY_DEFAULT = 'xivo-mapp';
const LOOK_MS = 10_000;
/** While there is no connection, and after a question that failed. */
const AGAIN_MS = 1_000;
const MOST_SHOWN = 100;

export function watchNamedApplication({ asterisk, app, clock, log }: NamedApplicationSettings): NamedApplication {
  const end = new AbortController();
  let toldName = app;
  let why: string | undefined;

  const judge = (value: string): void => {
    const name = (stripQuotes(value) || BY_DEFAULT).slice(0, MOST_SHOWN);
    why =
      name === app
        ? undefined
        : `the dialplan sends its calls to the application ${JSON.stringify(name)}, the router has ${app}: set ${GLOBAL} = ${app} in xivo_globals.conf and reload the dialplan, or set ARI_APP`;
    if (name === toldName) return;
    toldName = name;
    if (why === undefined) log.info(`the dialplan sends its calls to the application ${app} again`);
    else log.warn(why);
  };

  /** True: Asterisk has said it. */
  const look = async (): Promise<boolean> => {
    if (asterisk.trouble() !== undefined) return false;
    try {
      const value = await asterisk.global(GLOBAL);
      if (!end.signal.aborted) judge(value);
      return true;
    } catch {
      // That Asterisk fails requests is told elsewhere.
      return false;
    }
  };

  const watch = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const pauseMs = (await look()) ? LOOK_MS : AGAIN_MS;
      // It rejects when the watch is closed, and then only.
      await clock.sleep(pauseMs, end.signal).catch(() => undefined);
    }
  };
  void watch();

  return {
    trouble: () => why,
    close: () => end.abort(new Error('closed')),
  };
}
