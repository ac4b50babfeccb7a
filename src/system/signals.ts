/**
 * The signals that must not end the router, stop it or open its inspector: whoever sends one by mistake must not cost a caller the call. They are
 * caught before anything else is loaded, so what comes before the log is there is told later. It must import nothing that takes time to load, and
 * never touch the signals that end the router in good order: those are shutdown.ts's.
 */
import type { Log } from '../call/ports.ts';

/** Where signals come from: the process. */
interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

export interface IgnoredSignals {
  /** From now on each one that comes is told, and so are those that have come already. */
  tellTo(log: Pick<Log, 'warn'>): void;
}

const nothing = 'it does nothing here; SIGTERM ends the router in good order';
const frozen = 'a router that stands still serves nobody; SIGTERM ends it in good order';

/**
 * What each of them means here. All others are left alone: Node ignores SIGPIPE and SIGXFSZ by itself, the kernel ignores SIGCHLD, SIGURG, SIGWINCH
 * and SIGCONT; SIGKILL and SIGSTOP cannot be caught; Node has no name for real-time signals; and a terminal that is set to stop its background jobs
 * would send SIGTTOU again at once, and again.
 */
export const ignoredSignals = {
  // A reload of the settings belongs here.
  SIGHUP: 'settings are read at the start only; restart the router to have them read again',
  SIGUSR1: 'no inspector is opened; start the router with --inspect for one',
  SIGUSR2: nothing,
  SIGALRM: nothing,
  SIGVTALRM: nothing,
  SIGPROF: nothing,
  SIGIO: nothing,
  SIGPWR: nothing,
  SIGSTKFLT: nothing,
  SIGXCPU: 'its limit of processor time is reached, and the system may kill it soon; lift the limit',
  SIGTSTP: frozen,
  SIGTTIN: frozen,
} as const satisfies Partial<Record<NodeJS.Signals, string>>;

type Ignored = keyof typeof ignoredSignals;
const names = Object.keys(ignoredSignals).filter((name): name is Ignored => name in ignoredSignals);

/** One that comes again and again is told once in this time, ms. */
const anewMs = 60_000;

export function ignoreSignals(source: SignalSource, nowMs = () => performance.now()): IgnoredSignals {
  const toldMs = new Map<Ignored, number>();
  const waiting = new Set<Ignored>();
  let tell: ((signal: Ignored) => void) | undefined;
  const arrived = (signal: Ignored): void => {
    if (tell === undefined) waiting.add(signal);
    else tell(signal);
  };
  for (const name of names) source.on(name, () => arrived(name));
  return {
    tellTo(log) {
      tell = (signal) => {
        const lastMs = toldMs.get(signal);
        if (lastMs !== undefined && nowMs() - lastMs < anewMs) return;
        toldMs.set(signal, nowMs());
        log.warn(`${signal} is ignored: ${ignoredSignals[signal]}`);
      };
      for (const signal of waiting) tell(signal);
      waiting.clear();
    },
  };
}
