/**
 * The end of the router: what was opened last is closed first, each closer within its bound, whatever the others did. A second signal ends
 * the process at once. It must never leave a closer out because another one failed or hangs.
 */
import type { Clock, Log } from '../call/ports.ts';
import { within } from '../call/within.ts';

type EndSignal = 'SIGTERM' | 'SIGINT' | 'SIGQUIT';

/** Where signals come from: the process. */
interface SignalSource {
  on(signal: EndSignal, listener: (signal: EndSignal) => void): unknown;
  off(signal: EndSignal, listener: (signal: EndSignal) => void): unknown;
}

export interface Shutdown {
  /** Something was opened: at the end it is closed, before everything that was opened earlier. */
  later(name: string, boundMs: number, close: () => unknown): void;
  /** Closes everything, once; resolves when all is closed or out of time. Never rejects. True: nothing failed. */
  run(): Promise<boolean>;
  /** From now on a first signal runs the shutdown and then leaves with 0, or 1 where a closer failed; a second leaves at once with 128 plus its number. */
  onSignals(source: SignalSource, leave: (status: number) => void): void;
}

const endSignals: readonly EndSignal[] = ['SIGTERM', 'SIGINT', 'SIGQUIT'];
const signalNumbers: Readonly<Record<EndSignal, number>> = { SIGTERM: 15, SIGINT: 2, SIGQUIT: 3 };

export function prepareShutdown(clock: Clock, log: Log): Shutdown {
  const closers: { readonly name: string; readonly boundMs: number; readonly close: () => unknown }[] = [];
  let running: Promise<boolean> | undefined;

  const closeOne = async (name: string, boundMs: number, close: () => unknown): Promise<boolean> => {
    try {
      const closed = (async () => close())().then(() => true);
      if (!(await within(clock, boundMs, closed))) throw new Error(`not closed after ${boundMs} ms`);
      return true;
    } catch (error) {
      log.error(`${name} was not closed as it should`, { error });
      return false;
    }
  };

  const closeAll = async (): Promise<boolean> => {
    let well = true;
    // A closer may still be added while others run.
    for (let last = closers.pop(); last !== undefined; last = closers.pop()) {
      well = (await closeOne(last.name, last.boundMs, last.close)) && well;
    }
    return well;
  };

  const run = (): Promise<boolean> => {
    running ??= closeAll();
    return running;
  };

  return {
    later(name, boundMs, close) {
      closers.push({ name, boundMs, close });
    },
    run,
    onSignals(source, leave) {
      let asked = false;
      const end = (signal: EndSignal): void => {
        if (asked) {
          leave(128 + signalNumbers[signal]);
          return;
        }
        asked = true;
        log.info(`${signal}: the router stops; a second signal ends it at once`);
        void run().then((well) => {
          for (const one of endSignals) source.off(one, end);
          leave(well ? 0 : 1);
        });
      };
      for (const signal of endSignals) source.on(signal, end);
    },
  };
}
