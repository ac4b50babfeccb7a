/**
 * The end of the router by a fault that nobody has foreseen: it is told, what has been logged goes out, and the process ends with a status that says
 * so. Calls are left as they stand: the next run goes on with them. It must never go on as if nothing had been: nobody knows what the fault has left
 * half done.
 */
import { type Leaving, leave } from './leave.ts';
import type { OpenLog } from './log.ts';

interface Faulty extends Leaving {
  /** Of a promise that nobody has caught as well: Node hands that on as an exception. */
  once(event: 'uncaughtException', listener: (error: unknown) => void): unknown;
}

export function tellLastWords(program: Faulty, log: OpenLog): void {
  program.once('uncaughtException', (error) => {
    log.error('an unexpected fault ends the router; callers who wait stay, and its next run goes on with them', {
      error,
    });
    // SIGTERM would pass for a clean end, after which systemd starts nothing anew.
    void log.close().then(() => leave(program, 1, 'SIGKILL'));
  });
}
